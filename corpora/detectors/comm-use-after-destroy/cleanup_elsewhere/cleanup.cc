// Destroys for another file.
#include "check.h"

void Cleanup(ncclComm_t comm) {
  NCCL_CHECK(ncclCommDestroy(comm));
}
