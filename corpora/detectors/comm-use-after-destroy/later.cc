// Uses of a communicator that is gone.
#include <vector>

#include "check.h"

// case: destroyed_twice
void DestroyTwice(ncclComm_t comm) {
  NCCL_CHECK(ncclCommDestroy(comm));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-comm-use-after-destroy
}

// case: copy_of_the_handle
void ReduceOnCopy(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclComm_t alias = comm;
  NCCL_CHECK(ncclCommDestroy(comm));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, alias, stream));  // warns: nccl-comm-use-after-destroy
}

// case: query_after_abort
bool AbortAndAsk(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  NCCL_CHECK(ncclCommAbort(comm));
  NCCL_CHECK(ncclCommGetAsyncError(comm, &state));  // warns: nccl-comm-use-after-destroy
  return state == ncclSuccess;
}

// case: field_of_a_struct
struct Context {
  ncclComm_t comm;
  cudaStream_t stream;
};
void CloseAndReduce(Context& context, float* data, size_t n) {
  NCCL_CHECK(ncclCommDestroy(context.comm));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, context.comm, context.stream));  // warns: nccl-comm-use-after-destroy
}

// case: through_a_function
void Cleanup(ncclComm_t comm) {
  NCCL_CHECK(ncclCommDestroy(comm));
}
int RankAfterCleanup(ncclComm_t comm) {
  int rank = -1;
  Cleanup(comm);
  NCCL_CHECK(ncclCommUserRank(comm, &rank));  // warns: nccl-comm-use-after-destroy
  return rank;
}

// case: retry_loop_without_a_new_one
bool Retry(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  for (int attempt = 0; attempt < 3; attempt++) {
    if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess) return true;  // warns: nccl-comm-use-after-destroy
    NCCL_CHECK(ncclCommAbort(comm));
  }
  return false;
}

// case: deregister_too_late
void CloseThenDeregister(ncclComm_t comm, void* handle) {
  NCCL_CHECK(ncclCommDestroy(comm));
  NCCL_CHECK(ncclCommDeregister(comm, handle));  // warns: nccl-comm-use-after-destroy
}

// case: finalise_after_destroy
void WrongOrder(ncclComm_t comm) {
  NCCL_CHECK(ncclCommDestroy(comm));
  NCCL_CHECK(ncclCommFinalize(comm));  // warns: nccl-comm-use-after-destroy
}

// case: split_from_the_dead
void SplitLate(int color, int key, ncclComm_t comm, ncclComm_t* part) {
  NCCL_CHECK(ncclCommAbort(comm));
  NCCL_CHECK(ncclCommSplit(comm, color, key, part, nullptr));  // warns: nccl-comm-use-after-destroy
}

// case: aborted_and_destroyed_again_by_the_destructor
class Channel {
 public:
  explicit Channel(ncclComm_t comm) : comm_(comm) {}
  ~Channel() { (void)ncclCommDestroy(comm_); }  // warns: nccl-comm-use-after-destroy
  void Abort() { NCCL_CHECK(ncclCommAbort(comm_)); }

 private:
  ncclComm_t comm_;
};

// case: aborted_in_a_container
class Pool {
 public:
  ~Pool() {
    for (ncclComm_t comm : comms_) (void)ncclCommDestroy(comm);  // warns: nccl-comm-use-after-destroy
  }
  void AbortAt(size_t i) { NCCL_CHECK(ncclCommAbort(comms_[i])); }

 private:
  std::vector<ncclComm_t> comms_;
};

// case: same_element
void DestroyOneElementTwice(ncclComm_t* comms, int i) {
  NCCL_CHECK(ncclCommDestroy(comms[i]));
  NCCL_CHECK(ncclCommDestroy(comms[i]));  // warns: nccl-comm-use-after-destroy
}
