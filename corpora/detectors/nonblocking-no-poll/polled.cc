// Nonblocking communicators that are polled, and blocking ones.
#include "check.h"

bool TimedOut();

#define STARTED(call)                                                                                               \
  do {                                                                                                              \
    ncclResult_t result_ = (call);                                                                                  \
    if (result_ != ncclSuccess && result_ != ncclInProgress) Fail(ncclGetErrorString(result_), __FILE__, __LINE__); \
  } while (0)

void UntilReady(ncclComm_t comm) {
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
  if (state != ncclSuccess) Fail(ncclGetErrorString(state), __FILE__, __LINE__);
}

// case: helper_polls
void InitAndReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  UntilReady(comm);
  STARTED(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  UntilReady(comm);
}

#define READY(call, comm) \
  do {                    \
    STARTED(call);        \
    UntilReady(comm);     \
  } while (0)

// case: macro_polls
void ReduceTwice(float* a, float* b, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  READY(ncclCommInitRankConfig(&comm, ranks, id, rank, &config), comm);
  READY(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream), comm);
  READY(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream), comm);
}

// case: abort_needs_no_poll
bool InitOrAbort(int ranks, int rank, ncclUniqueId id, ncclComm_t* comm) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(comm, ranks, id, rank, &config));
  ncclResult_t state = ncclInProgress;
  do {
    NCCL_CHECK(ncclCommGetAsyncError(*comm, &state));
  } while (state == ncclInProgress && !TimedOut());
  if (state != ncclSuccess) {
    NCCL_CHECK(ncclCommAbort(*comm));
    return false;
  }
  return true;
}

// case: explicitly_blocking
void InitBlocking(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 1;
  NCCL_CHECK(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: given_to_the_caller
void StartInit(int ranks, int rank, ncclUniqueId id, ncclComm_t* comm) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(comm, ranks, id, rank, &config));
}

// case: several_in_a_group_polled_after_it
void InitDevices(int devices, ncclUniqueId id, ncclComm_t* comms) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclGroupStart());
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    STARTED(ncclCommInitRankConfig(&comms[i], devices, id, i, &config));
  }
  STARTED(ncclGroupEnd());
  for (int i = 0; i < devices; i++) UntilReady(comms[i]);
}

// case: switched_back_before_the_init
void InitAfterAll(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  config.blocking = 1;
  NCCL_CHECK(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: finalise_polled
void CloseCleanly(int ranks, int rank, ncclUniqueId id) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  STARTED(ncclCommInitRankConfig(&comm, ranks, id, rank, &config));
  UntilReady(comm);
  STARTED(ncclCommFinalize(comm));
  UntilReady(comm);
  NCCL_CHECK(ncclCommDestroy(comm));
}
