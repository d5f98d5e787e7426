// Inits that a function of another file polls for.
#include "check.h"

void UntilReady(ncclComm_t comm);

// case: foreign_function_polls
void InitAndReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  const ncclResult_t result = ncclCommInitRankConfig(&comm, ranks, id, rank, &config);
  if (result != ncclSuccess && result != ncclInProgress) std::abort();
  UntilReady(comm);
  const ncclResult_t issued = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
  if (issued != ncclSuccess && issued != ncclInProgress) std::abort();
}
