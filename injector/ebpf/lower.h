// Which faults of a plan can be carried out on a process that is only attached (eBPF), and the form in which
// the kernel side decides them (tracer/ebpf/wire.h). From outside a process can be stopped, continued, and
// sent signals; what a function gets or returns cannot be changed. What cannot work is refused here, with the
// reason, before anything is attached. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/plan/armed_plan.h"
#include "tracer/ebpf/wire.h"

namespace rankle::ebpf {

struct LoweredFault {
  rankle_fault kernel;
  std::vector<uint16_t> apis;
  plan::Action action = plan::Action::kNone;
};

// One for each fault of the plan, in its order.
absl::StatusOr<std::vector<LoweredFault>> LowerPlan(const plan::ArmedPlan& plan);

// The faults that may fire in a process of that rank and host, a bit each.
uint32_t FaultsFor(const plan::ArmedPlan& plan, int32_t rank, int32_t local_rank, const std::string& host);

}  // namespace rankle::ebpf
