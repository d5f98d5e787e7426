// Fuzzes the reader of points.json: no input may crash it or make it loop, and what it takes is well-formed.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cli/campaign/point_list.h"
#include "cli/campaign/site_names.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto list =
      rankle::cli::ParsePointList(std::string_view(reinterpret_cast<const char*>(data), size), "fuzzed");
  if (!list.ok()) return 0;
  for (const auto& [id, info] : list->points) {
    if (id == 0 || !rankle::cli::IsPoint(info)) __builtin_trap();
  }
  return 0;
}
