// Any bytes as a short form.
#include <cstdint>

#include "injector/plan/fuzz/check_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rankle::plan::Plan plan;
  if (plan.AddShortForm({reinterpret_cast<const char*>(data), size}).ok()) rankle::plan::CheckAccepted(plan);
  return 0;
}
