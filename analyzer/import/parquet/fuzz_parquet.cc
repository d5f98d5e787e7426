// libFuzzer: arbitrary bytes as a Parquet file. Nothing may crash or run away.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "analyzer/import/operations/parquet_trace.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Small limits: each input is about the code, not about memory.
  (void)rankle::import::ReadParquetTrace(std::string_view(reinterpret_cast<const char*>(data), size),
                                         {.rows = 1 << 16, .unpacked = 16 << 20});
  return 0;
}
