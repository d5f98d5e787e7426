// Aborting the communicators of several devices one after another: the first abort may wait for the others.
#include "check.h"

// case: loop_of_aborts
void AbortAll(ncclComm_t* comms, int devices) {
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclCommAbort(comms[i]));  // warns: nccl-serial-multi-abort
  }
}

// case: grouped_aborts
void AbortTogether(ncclComm_t* comms, int devices) {
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) NCCL_CHECK(ncclCommAbort(comms[i]));
  NCCL_CHECK(ncclGroupEnd());
}
