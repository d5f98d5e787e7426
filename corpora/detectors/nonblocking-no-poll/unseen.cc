// Written after the check: other shapes of the same truth.
#include "check.h"

inline bool Accepted(ncclResult_t result) {
  return result == ncclSuccess || result == ncclInProgress;
}
#define REQUIRE(condition) \
  if (!(condition)) std::abort()

struct Options {
  bool blocking = true;
};

// case: register_before_ready
void RegisterEarly(void* buffer, size_t bytes, int ranks, int rank, ncclUniqueId id, ncclComm_t* comm, void** handle) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  REQUIRE(Accepted(ncclCommInitRankConfig(comm, ranks, id, rank, &config)));
  REQUIRE(Accepted(ncclCommRegister(*comm, buffer, bytes, handle)));  // warns: nccl-nonblocking-no-poll
}

// case: polled_with_for
void PollWithFor(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  REQUIRE(Accepted(ncclCommInitRankConfig(&comm, ranks, id, rank, &config)));
  for (ncclResult_t state = ncclInProgress; state == ncclInProgress;) {
    REQUIRE(ncclCommGetAsyncError(comm, &state) == ncclSuccess);
  }
  REQUIRE(Accepted(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream)));
}

// case: child_of_a_nonblocking_parent
void SplitAndReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t world, half;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  REQUIRE(Accepted(ncclCommInitRankConfig(&world, ranks, id, rank, &config)));
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) REQUIRE(ncclCommGetAsyncError(world, &state) == ncclSuccess);
  REQUIRE(Accepted(ncclCommSplit(world, rank % 2, rank, &half, &config)));
  REQUIRE(Accepted(ncclAllReduce(data, data, n, ncclFloat, ncclSum, half, stream)));  // warns: nccl-nonblocking-no-poll
}

// case: abort_at_once
void InitAndGiveUp(int ranks, int rank, ncclUniqueId id) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  REQUIRE(Accepted(ncclCommInitRankConfig(&comm, ranks, id, rank, &config)));
  REQUIRE(ncclCommAbort(comm) == ncclSuccess);
}

// case: plain_init_is_blocking
void PlainInit(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  REQUIRE(ncclCommInitRank(&comm, ranks, id, rank) == ncclSuccess);
  REQUIRE(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess);
}
