// Results that are judged by something else than an `if` on the spot.
#include "check.h"

static bool IsFine(ncclResult_t result) {
  const bool done = result == ncclSuccess;
  const bool working = result == ncclInProgress;
  return done || working;
}
static bool OnlySuccess(ncclResult_t result) {
  return result == ncclSuccess;
}

// case: kept_in_a_variable
void InitKept(ncclComm_t* comm, int ranks, int rank, ncclUniqueId id) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  const ncclResult_t result = ncclCommInitRankConfig(comm, ranks, id, rank, &config);
  const bool ok = result == ncclSuccess || result == ncclInProgress;
  if (!ok) std::abort();
}

// case: predicate_with_variables
void InitFine(ncclComm_t* comm, int ranks, int rank, ncclUniqueId id) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  if (!IsFine(ncclCommInitRankConfig(comm, ranks, id, rank, &config))) std::abort();
}

// case: predicate_of_success_alone
void InitSuccess(ncclComm_t* comm, int ranks, int rank, ncclUniqueId id) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  if (!OnlySuccess(ncclCommInitRankConfig(comm, ranks, id, rank, &config))) std::abort();  // warns: nccl-nonblocking-no-poll
}

// case: neither_of_both
void InitNeither(ncclComm_t* comm, int ranks, int rank, ncclUniqueId id) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  const ncclResult_t result = ncclCommInitRankConfig(comm, ranks, id, rank, &config);
  if (result != ncclSuccess && result != ncclInProgress) std::abort();
}

// case: switch_over_the_result
void InitSwitch(ncclComm_t* comm, int ranks, int rank, ncclUniqueId id) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  switch (ncclCommInitRankConfig(comm, ranks, id, rank, &config)) {
    case ncclSuccess:
    case ncclInProgress:
      break;
    default:
      std::abort();
  }
}
