// A path that leaves a function with a group still open, or closes one that is not open.
#include "check.h"

bool ShutdownRequested();
bool NextBucket(float** data, size_t* n);

#define RETURN_IF_FAILED(call)                  \
  do {                                          \
    ncclResult_t result_ = (call);              \
    if (result_ != ncclSuccess) return result_; \
  } while (0)

// case: early_return_in_loop
bool ReduceBuckets(ncclComm_t comm, cudaStream_t stream) {
  float* data;
  size_t n;
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  while (NextBucket(&data, &n)) {
    if (ShutdownRequested()) return false;
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: error_macro_returns
ncclResult_t ReduceTwo(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  RETURN_IF_FAILED(ncclGroupStart());  // warns: nccl-group-unbalanced
  RETURN_IF_FAILED(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  RETURN_IF_FAILED(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  RETURN_IF_FAILED(ncclGroupEnd());
  return ncclSuccess;
}

// case: end_without_start
void ReduceOrNot(bool grouped, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (grouped) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  } else {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());  // warns: nccl-group-unbalanced
  }
}

// case: error_macro_ends_the_process
bool ReducePair(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: correlated_guards
void ReduceMaybeGrouped(int buckets, float** data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (buckets > 1) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < buckets; i++) {
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
  }
  if (buckets > 1) NCCL_CHECK(ncclGroupEnd());
}
