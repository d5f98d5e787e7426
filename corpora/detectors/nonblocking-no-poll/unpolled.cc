// Nonblocking communicators in use before they are ready.
#include "check.h"

#define STARTED(call)                                                                                               \
  do {                                                                                                              \
    ncclResult_t result_ = (call);                                                                                  \
    if (result_ != ncclSuccess && result_ != ncclInProgress) Fail(ncclGetErrorString(result_), __FILE__, __LINE__); \
  } while (0)

// case: asked_for_the_rank
int RankTooEarly(int ranks, int rank, ncclUniqueId id, ncclComm_t* comm) {
  int mine = -1;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(comm, ranks, id, rank, &config));
  STARTED(ncclCommUserRank(*comm, &mine));  // warns: nccl-nonblocking-no-poll
  return mine;
}

// case: split_before_ready
void SplitTooEarly(int ranks, int rank, ncclUniqueId id, ncclComm_t* comm, ncclComm_t* part) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(comm, ranks, id, rank, &config));
  STARTED(ncclCommSplit(*comm, rank / 2, rank, part, nullptr));  // warns: nccl-nonblocking-no-poll
}

// case: asked_once_only
void AskedOnce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  ncclResult_t state = ncclSuccess;
  STARTED(ncclCommGetAsyncError(comm, &state));
  if (state != ncclSuccess && state != ncclInProgress) return;
  STARTED(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-nonblocking-no-poll
}

// case: in_progress_taken_for_an_error
bool StrictInit(int ranks, int rank, ncclUniqueId id, ncclComm_t* comm) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  if (ncclCommInitRankConfig(comm, ranks, id, rank, &config) != ncclSuccess) return false;  // warns: nccl-nonblocking-no-poll
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) NCCL_CHECK(ncclCommGetAsyncError(*comm, &state));
  return state == ncclSuccess;
}

// case: destroy_after_unpolled_finalise
void CloseTooEarly(int ranks, int rank, ncclUniqueId id) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
  STARTED(ncclCommFinalize(comm));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-nonblocking-no-poll
}

// case: second_operation_before_the_first_is_issued
void TwoInARow(float* a, float* b, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
  STARTED(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  STARTED(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-nonblocking-no-poll
}

// case: config_from_a_function
ncclConfig_t NonblockingConfig() {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  return config;
}
void ReduceWithConfig(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NonblockingConfig();
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  STARTED(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-nonblocking-no-poll
}
