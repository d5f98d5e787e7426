// Any bytes as a plan file: refused with "name:line: ...", or a plan whose armed bytes are sound and whose
// description reads back.
#include <cstdint>
#include <cstdlib>

#include "injector/plan/fuzz/check_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rankle::plan::Plan plan;
  const auto added = plan.AddYaml({reinterpret_cast<const char*>(data), size}, "f");
  if (added.ok()) {
    rankle::plan::CheckAccepted(plan);
  } else if (added.message().substr(0, 2) != "f:") {
    std::abort();
  }
  return 0;
}
