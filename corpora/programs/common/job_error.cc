#include "corpora/programs/common/job_error.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "absl/strings/str_cat.h"

namespace rankle::programs {
namespace {

// Process-wide on purpose: a CUDA or NCCL error ends the process, whoever met it.
struct ErrorContext {
  std::string program = "train";
  int rank = 0;
  std::atomic<int64_t> step{-1};
  std::atomic<void (*)()> failure_handler{nullptr};
  std::atomic_flag failing = ATOMIC_FLAG_INIT;
};

ErrorContext& Context() {
  static ErrorContext& context = *new ErrorContext;  // never destroyed: used by other threads during exit
  return context;
}

void OutOfHostMemory() { Fail(ExitCode::kOutOfMemory, "out of host memory"); }

}  // namespace

void SetErrorContext(absl::string_view program, int rank) {
  Context().program = std::string(program);
  Context().rank = rank;
  std::set_new_handler(OutOfHostMemory);
}

void SetErrorStep(int64_t step) { Context().step.store(step, std::memory_order_relaxed); }

void SetFailureHandler(void (*handler)()) { Context().failure_handler = handler; }

void PrintError(absl::string_view what) {
  const int64_t step = Context().step.load(std::memory_order_relaxed);
  char where[32] = "before the first step";
  if (step >= 0) std::snprintf(where, sizeof where, "step %lld", static_cast<long long>(step));
  // One write, so that the lines of many ranks do not mix.
  std::fprintf(stderr, "%s: rank %d %s: %.*s\n", Context().program.c_str(), Context().rank, where,
               static_cast<int>(what.size()), what.data());
  std::fflush(stderr);
}

void Fail(ExitCode code, absl::string_view what) {
  std::set_new_handler(nullptr);
  PrintError(what);
  // Aborting can fail in turn; the second failure must not abort again.
  if (!Context().failing.test_and_set()) {
    if (void (*handler)() = Context().failure_handler.load()) handler();
  }
  std::fflush(stdout);
  std::exit(static_cast<int>(code));
}

void Check(cudaError_t result, absl::string_view what) {
  if (result == cudaSuccess) return;
  const ExitCode code = result == cudaErrorMemoryAllocation ? ExitCode::kOutOfMemory : ExitCode::kCuda;
  Fail(code, absl::StrCat("CUDA error in ", what, ": ", cudaGetErrorName(result), " (",
                          cudaGetErrorString(result), ")"));
}

void Check(ncclResult_t result, absl::string_view what, ncclComm_t communicator) {
  if (result == ncclSuccess) return;
  const char* detail = ncclGetLastError(communicator);
  Fail(ExitCode::kNccl,
       absl::StrCat("NCCL error in ", what, ": ", ncclGetErrorString(result),
                    detail != nullptr && *detail != '\0' ? ": " : "", detail != nullptr ? detail : ""));
}

void Check(const absl::Status& status) {
  if (!status.ok()) Fail(ExitCode::kOther, status.message());
}

}  // namespace rankle::programs
