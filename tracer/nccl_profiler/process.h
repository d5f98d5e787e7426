// The transport record of this process: opened by the first communicator, found by every event after it.
#pragma once

#include <cstdint>

#include "tracer/transport/recorder.h"

namespace rankle::nccl_profiler {

uint64_t Now();  // CLOCK_MONOTONIC, ns

// Opens `transport-<pid>-<start>.rkt` in RANKLE_OUT. nullptr when the process is not to be traced (no
// RANKLE_OUT, RANKLE_TRACE=0) or the file cannot be made, which is said once on stderr. Thread-safe.
transport::Recorder* OpenRecorder();
// What OpenRecorder opened.
transport::Recorder& TheRecorder();

}  // namespace rankle::nccl_profiler
