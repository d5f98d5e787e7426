// Names of the numbers in fault plans: error codes of the libraries, errno, signals.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "injector/api/api.h"

namespace rankle::plan {

// What kind of code a function returns.
enum class ResultKind { kNone, kNccl, kCudaRuntime, kCudaDriver, kErrno, kResolver };
inline constexpr size_t kResultKinds = static_cast<size_t>(ResultKind::kResolver) + 1;

struct ResultCode {
  ResultKind kind;
  int value;
};

ResultKind ResultKindOf(const api::ApiInfo& function);
// "ncclResult_t", "cudaError_t", ...
std::string_view TypeName(ResultKind kind);
// A few names of that kind, for messages.
std::string_view ExampleNames(ResultKind kind);

std::optional<ResultCode> FindResult(
    std::string_view name);  // ncclRemoteError, cudaErrorUnknown, ECONNRESET, ...
std::vector<std::string_view> AllResultNames();
// The name, or the number as text.
std::string ResultName(ResultKind kind, int value);

std::optional<int> FindSignal(std::string_view name);  // KILL, SIGKILL, 9
std::string SignalName(int number);                    // "KILL", or the number
std::vector<std::string_view> AllSignalNames();

}  // namespace rankle::plan
