// Handles that are new, other ones, or known to be gone.
#include <vector>

#include "check.h"

bool Failed();

// case: new_one_in_the_same_variable
void Restart(float* data, size_t n, int ranks, int rank, ncclUniqueId fresh, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclCommAbort(comm));
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, fresh, rank));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: null_after_destroy
class Owner {
 public:
  ~Owner() { Close(); }
  void Close() {
    if (comm_ != nullptr) (void)ncclCommDestroy(comm_);
    comm_ = nullptr;
  }

 private:
  ncclComm_t comm_ = nullptr;
};

// case: flag_that_is_tested
class Guarded {
 public:
  ~Guarded() {
    if (!aborted_) (void)ncclCommDestroy(comm_);
  }
  void Abort() {
    NCCL_CHECK(ncclCommAbort(comm_));
    aborted_ = true;
  }

 private:
  bool aborted_ = false;
  ncclComm_t comm_ = nullptr;
};

// case: next_element
void DestroyAll(ncclComm_t* comms, int devices) {
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclCommFinalize(comms[i]));
    NCCL_CHECK(ncclCommDestroy(comms[i]));
  }
}

// case: return_after_abort
bool ReduceOrAbort(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) {
    NCCL_CHECK(ncclCommAbort(comm));
    return false;
  }
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDestroy(comm));
  return true;
}

// case: two_communicators
void CloseParentThenReduceChild(float* data, size_t n, ncclComm_t parent, ncclComm_t child, cudaStream_t stream) {
  NCCL_CHECK(ncclCommDestroy(parent));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, child, stream));
}

// case: only_the_pointer_is_compared
bool CloseAndForget(std::vector<ncclComm_t>& comms, ncclComm_t comm) {
  NCCL_CHECK(ncclCommDestroy(comm));
  for (ncclComm_t& other : comms) {
    if (other == comm) other = nullptr;
  }
  return comms.empty();
}

// case: erased_from_the_container
class Pool {
 public:
  ~Pool() {
    for (ncclComm_t comm : comms_) (void)ncclCommDestroy(comm);
  }
  void AbortLast() {
    NCCL_CHECK(ncclCommAbort(comms_.back()));
    comms_.pop_back();
  }

 private:
  std::vector<ncclComm_t> comms_;
};

// case: finalise_then_destroy
void CloseCleanly(ncclComm_t comm) {
  NCCL_CHECK(ncclCommFinalize(comm));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: same_condition
void CloseByState(bool failed, ncclComm_t comm) {
  if (failed) NCCL_CHECK(ncclCommAbort(comm));
  if (!failed) NCCL_CHECK(ncclCommDestroy(comm));
}

// case: cleared_by_the_helper
void Reset(ncclComm_t* comm) {
  NCCL_CHECK(ncclCommDestroy(*comm));
  *comm = nullptr;
}
void ResetTwice(ncclComm_t comm) {
  Reset(&comm);
  if (comm != nullptr) Reset(&comm);
}

// case: loop_with_a_new_one_each_turn
void Sessions(int ranks, int rank, const ncclUniqueId* ids, int count) {
  for (int i = 0; i < count; i++) {
    ncclComm_t comm;
    NCCL_CHECK(ncclCommInitRank(&comm, ranks, ids[i], rank));
    NCCL_CHECK(ncclCommDestroy(comm));
  }
}
