// The other file of the program asks for asynchronous errors.
#include <nccl.h>

bool Healthy(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  return ncclCommGetAsyncError(comm, &state) == ncclSuccess && state == ncclSuccess;
}
