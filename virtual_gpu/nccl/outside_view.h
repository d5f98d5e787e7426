// What tools that look into a process from outside (tracer/ebpf) find in a communicator: the same numbers,
// side by side in the same order, as in NCCL's ncclComm since 2.7. Nothing in here reads it.
#pragma once

#include <atomic>
#include <cstdint>

namespace rankle::virtual_nccl {

struct OutsideView {
  uint64_t comm_hash = 0;  // 0 until the communicator is ready
  int32_t rank = -1, nranks = 0, cuda_device = -1, nvml_device = -1;
  std::atomic<uint64_t> operations{0};   // opCount
  std::atomic<uint64_t> collectives{0};  // collOpCount
};

}  // namespace rankle::virtual_nccl
