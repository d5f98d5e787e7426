// nccl-graph-capture-nonuniform: some ranks capture or launch a graph with communication, others do not, or
// one threadn// captures on several devices. Whether an operation is captured is a property of all its ranks.
#pragma once

#include "detectors/checks/check.h"

namespace rankle::lint {

std::unique_ptr<Check> MakeGraphCaptureNonuniform();

}  // namespace rankle::lint
