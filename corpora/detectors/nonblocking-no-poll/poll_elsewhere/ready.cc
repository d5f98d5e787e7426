// Polls for another file.
#include "check.h"

void UntilReady(ncclComm_t comm) {
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
  if (state != ncclSuccess) Fail(ncclGetErrorString(state), __FILE__, __LINE__);
}
