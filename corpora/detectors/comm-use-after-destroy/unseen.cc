// Written after the check: other shapes of the same truth.
#include <memory>
#include <unordered_map>
#include <utility>

#include "check.h"

// case: error_path_falls_through
bool StepOrAbort(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const ncclResult_t result = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
  if (result != ncclSuccess) {
    std::fprintf(stderr, "step: %s\n", ncclGetErrorString(result));
    NCCL_CHECK(ncclCommAbort(comm));
  }
  return ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream) == ncclSuccess;  // warns: nccl-comm-use-after-destroy
}

// case: reference_to_the_handle
void DestroyByReference(ncclComm_t& comm) {
  ncclComm_t& same = comm;
  NCCL_CHECK(ncclCommDestroy(same));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-comm-use-after-destroy
}

// case: swapped_out_before
void Replace(ncclComm_t& current, ncclComm_t next, float* data, size_t n, cudaStream_t stream) {
  std::swap(current, next);
  NCCL_CHECK(ncclCommDestroy(next));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, current, stream));
}

// case: exchanged_for_null
class Holder {
 public:
  ~Holder() { Reset(); }
  void Reset() {
    if (ncclComm_t old = std::exchange(comm_, nullptr)) (void)ncclCommDestroy(old);
  }

 private:
  ncclComm_t comm_ = nullptr;
};

// case: finalised_then_used
int RankWhileFinalizing(ncclComm_t comm) {
  int rank = -1;
  NCCL_CHECK(ncclCommUserRank(comm, &rank));
  NCCL_CHECK(ncclCommFinalize(comm));
  NCCL_CHECK(ncclCommDestroy(comm));
  return rank;
}

// case: erased_from_the_map
void Evict(std::unordered_map<int, ncclComm_t>& comms, int key) {
  auto it = comms.find(key);
  if (it == comms.end()) return;
  NCCL_CHECK(ncclCommDestroy(it->second));
  comms.erase(it);
}

// case: loop_destroys_the_same_one
void DestroyInLoop(ncclComm_t comm, int times) {
  for (int i = 0; i < times; i++) {
    NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-comm-use-after-destroy
  }
}
