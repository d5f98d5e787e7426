// When a fault of host or network is on. Pure: times are ns since the start of the job.
#pragma once

#include <cstdint>

#include "injector/plan/armed_plan.h"

namespace rankle::host {

inline constexpr uint64_t kNever = UINT64_MAX;

bool IsOn(const plan::ArmedFault& fault, uint64_t at_ns);
// The first moment after `at_ns` at which IsOn may differ; kNever = none.
uint64_t NextChange(const plan::ArmedFault& fault, uint64_t at_ns);

}  // namespace rankle::host
