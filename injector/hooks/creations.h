// What group_hooks.cc needs of comm_hooks.cc: a communicator asked for inside a group exists when the group
// has ended.
#pragma once

#include "injector/hooks/comms.h"

namespace rankle::hooks {

void FinishCreation(ncclComm_t handle, Comm* comm, int result);

// The rank of a process without launcher variables is its rank in its largest communicator.
void TakeRankFrom(const Comm* comm);

}  // namespace rankle::hooks
