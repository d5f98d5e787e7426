// A nonblocking communicator may be used only after its state has been polled.
#include "check.h"

// What a nonblocking communicator returns while it works is no error.
#define STARTED(call)                                                                                               \
  do {                                                                                                              \
    ncclResult_t result_ = (call);                                                                                  \
    if (result_ != ncclSuccess && result_ != ncclInProgress) Fail(ncclGetErrorString(result_), __FILE__, __LINE__); \
  } while (0)

// case: used_before_ready
void InitAndReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  STARTED(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-nonblocking-no-poll
}

// case: polled_until_ready
void InitPollReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  ncclResult_t state = ncclInProgress;
  do {
    NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
  } while (state == ncclInProgress);
  if (state != ncclSuccess) Fail("communicator not ready", __FILE__, __LINE__);
  STARTED(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: blocking_needs_no_poll
void InitBlockingReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.minCTAs = 4;
  NCCL_CHECK(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
