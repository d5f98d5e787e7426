// nccl-wait-without-async-poll: a program waits for communication with CUDA's means alone. When a peer dies,
// NCCL tells it to who asks the communicator; the stream itself never gets there.
//
// About the whole program: what this check reports in a unit is settled by SettleProgram.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeWaitWithoutAsyncPoll();

}  // namespace rankle::lint
