// nccl-comm-shared-by-threads: two threads may issue operations on one communicator at once. NCCL's
// communicators are notn// safe for that; the order of the operations then differs between ranks.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeCommSharedByThreads();

}  // namespace rankle::lint
