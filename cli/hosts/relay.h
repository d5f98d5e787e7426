// Holds packets for a while: the delay that the kernel has no queue for where netem and fq are missing. A tap
// device is a port of the switch; packets that tc redirects to it are read, kept, and written back, from
// where the switch passes them on. Order is kept. It adds what waking a process costs (some 50 us; a time
// slice on a busy machine).
#pragma once

#include "absl/status/statusor.h"
#include "cli/launch/file_descriptor.h"
#include "injector/plan/armed_plan.h"

namespace rankle::cli {

// Makes the device of a fault in this process's network namespace and puts it on the switch.
absl::StatusOr<FileDescriptor> MakeRelayDevice(size_t fault);

// Never returns: a process of its own, which ends with its parent.
[[noreturn]] void Relay(int device, const plan::Distribution& time, uint64_t seed, size_t fault);

}  // namespace rankle::cli
