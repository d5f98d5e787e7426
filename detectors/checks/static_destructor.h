// nccl-static-destructor: an object of static storage destroys a communicator in its destructor. That runs at
// exit, whenn// CUDA or the peers may be gone already: the process hangs or crashes after its work is done.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeStaticDestructor();

}  // namespace rankle::lint
