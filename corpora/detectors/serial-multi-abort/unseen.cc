// Written after the check: other shapes of the same truth.
#include <memory>
#include <vector>

#include "check.h"

struct Gpu {
  int device = 0;
  ncclComm_t comm = nullptr;
};

// case: structs
void AbortStructs(std::vector<Gpu>& gpus) {
  for (Gpu& gpu : gpus) {
    CUDA_CHECK(cudaSetDevice(gpu.device));
    NCCL_CHECK(ncclCommAbort(gpu.comm));  // warns: nccl-serial-multi-abort
    gpu.comm = nullptr;
  }
}

// case: structs_in_a_group
void AbortStructsTogether(std::vector<Gpu>& gpus) {
  NCCL_CHECK(ncclGroupStart());
  for (Gpu& gpu : gpus) NCCL_CHECK(ncclCommAbort(gpu.comm));
  NCCL_CHECK(ncclGroupEnd());
  gpus.clear();
}

// case: while_not_empty
void AbortStack(std::vector<ncclComm_t>& comms) {
  while (!comms.empty()) {
    NCCL_CHECK(ncclCommAbort(comms.back()));  // warns: nccl-serial-multi-abort
    comms.pop_back();
  }
}

// case: first_unhealthy_only
bool AbortUnhealthy(std::vector<ncclComm_t>& comms) {
  for (ncclComm_t& comm : comms) {
    ncclResult_t state = ncclSuccess;
    NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
    if (state == ncclSuccess) continue;
    NCCL_CHECK(ncclCommAbort(comm));
    comm = nullptr;
    return true;
  }
  return false;
}
