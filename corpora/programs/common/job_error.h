// How a training program ends when it cannot go on: one line on stderr with program, rank, step and what
// failed, every communicator aborted, and an exit code that says whose error it was.
//
// Contract: Fail never returns and never unwinds: host functions still queued on a stream point into objects
// that live on the caller's stack, so those must stay until the process is gone. Foreign exceptions are not
// caught anywhere; they end in std::terminate like in any training program.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_JOB_ERROR_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_JOB_ERROR_H_

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rankle::programs {

enum class ExitCode : int {
  kDone = 0,
  kUsage = 2,
  kNccl = 10,
  kCuda = 11,
  kOutOfMemory = 12,
  kOther = 13,    // bootstrap, checkpoint, data, verification
  kTimeout = 14,  // the watchdog of --timeout
};

// Names the process in error lines. Called once, before the first check.
void SetErrorContext(absl::string_view program, int rank);
// The step that error lines name; -1 before the first one.
void SetErrorStep(int64_t step);
// Called by Fail before the process ends (aborts the communicators).
void SetFailureHandler(void (*handler)());

// Prints "<program>: rank R step S: <what>" and nothing else.
void PrintError(absl::string_view what);
[[noreturn]] void Fail(ExitCode code, absl::string_view what);

// Fail unless the call succeeded. `what` names the call. An allocation that fails has its own exit code.
void Check(cudaError_t result, absl::string_view what);
void Check(ncclResult_t result, absl::string_view what, ncclComm_t communicator = nullptr);
void Check(const absl::Status& status);

template <typename T>
T CheckedValue(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_JOB_ERROR_H_
