// nccl-destroy-in-flight: a communicator or its stream is destroyed while operations on it may still run,
// because nothing waited for them. Enqueueing returns at once; a test with small buffers never meets it.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeDestroyInFlight();

}  // namespace rankle::lint
