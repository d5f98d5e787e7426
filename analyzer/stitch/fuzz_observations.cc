// Fuzzes the reader of observations: no input may crash it or make it read out of bounds, and what it accepts
// it must write and read again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analyzer/stitch/observation_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rankle::stitch;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // As a whole file, and as what follows the schema line, which few inputs would come upon.
  for (const std::string& text : {std::string(input), kObservationsSchemaLine + std::string(input)}) {
    const auto read = ReadObservations(text, "fuzz");
    if (!read.ok()) continue;
    const std::string written = WriteObservations(*read);
    const auto again = ReadObservations(written, "again");
    if (!again.ok() || WriteObservations(*again) != written) abort();
  }
  return 0;
}
