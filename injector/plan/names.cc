#include "injector/plan/names.h"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "injector/api/results.h"

namespace rankle::plan {
namespace {

using Code = api::NamedResult;

constexpr Code kCudaDriver[] = {
    {"CUDA_SUCCESS", 0},
    {"CUDA_ERROR_INVALID_VALUE", 1},
    {"CUDA_ERROR_OUT_OF_MEMORY", 2},
    {"CUDA_ERROR_NOT_INITIALIZED", 3},
    {"CUDA_ERROR_DEINITIALIZED", 4},
    {"CUDA_ERROR_NO_DEVICE", 100},
    {"CUDA_ERROR_INVALID_DEVICE", 101},
    {"CUDA_ERROR_INVALID_CONTEXT", 201},
    {"CUDA_ERROR_ECC_UNCORRECTABLE", 214},
    {"CUDA_ERROR_NVLINK_UNCORRECTABLE", 220},
    {"CUDA_ERROR_CONTAINED", 226},
    {"CUDA_ERROR_INVALID_HANDLE", 400},
    {"CUDA_ERROR_ILLEGAL_STATE", 401},
    {"CUDA_ERROR_NOT_FOUND", 500},
    {"CUDA_ERROR_NOT_READY", 600},
    {"CUDA_ERROR_ILLEGAL_ADDRESS", 700},
    {"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", 701},
    {"CUDA_ERROR_LAUNCH_TIMEOUT", 702},
    {"CUDA_ERROR_CONTEXT_IS_DESTROYED", 709},
    {"CUDA_ERROR_ASSERT", 710},
    {"CUDA_ERROR_HARDWARE_STACK_ERROR", 714},
    {"CUDA_ERROR_ILLEGAL_INSTRUCTION", 715},
    {"CUDA_ERROR_MISALIGNED_ADDRESS", 716},
    {"CUDA_ERROR_INVALID_PC", 718},
    {"CUDA_ERROR_LAUNCH_FAILED", 719},
    {"CUDA_ERROR_NOT_PERMITTED", 800},
    {"CUDA_ERROR_NOT_SUPPORTED", 801},
    {"CUDA_ERROR_SYSTEM_NOT_READY", 802},
    {"CUDA_ERROR_EXTERNAL_DEVICE", 911},
    {"CUDA_ERROR_UNKNOWN", 999},
};

#define RANKLE_CODE(name) \
  { #name, name }
constexpr Code kErrno[] = {
    RANKLE_CODE(EPERM),      RANKLE_CODE(ENOENT),       RANKLE_CODE(EINTR),       RANKLE_CODE(EIO),
    RANKLE_CODE(EAGAIN),     RANKLE_CODE(ENOMEM),       RANKLE_CODE(EACCES),      RANKLE_CODE(EBUSY),
    RANKLE_CODE(EEXIST),     RANKLE_CODE(ENODEV),       RANKLE_CODE(EINVAL),      RANKLE_CODE(ENFILE),
    RANKLE_CODE(EMFILE),     RANKLE_CODE(EFBIG),        RANKLE_CODE(ENOSPC),      RANKLE_CODE(EROFS),
    RANKLE_CODE(EPIPE),      RANKLE_CODE(ENOBUFS),      RANKLE_CODE(EADDRINUSE),  RANKLE_CODE(EADDRNOTAVAIL),
    RANKLE_CODE(ENETDOWN),   RANKLE_CODE(ENETUNREACH),  RANKLE_CODE(ENETRESET),   RANKLE_CODE(ECONNABORTED),
    RANKLE_CODE(ECONNRESET), RANKLE_CODE(ENOTCONN),     RANKLE_CODE(ETIMEDOUT),   RANKLE_CODE(ECONNREFUSED),
    RANKLE_CODE(EHOSTDOWN),  RANKLE_CODE(EHOSTUNREACH), RANKLE_CODE(EINPROGRESS), RANKLE_CODE(ESTALE),
    RANKLE_CODE(EDQUOT),     RANKLE_CODE(EBADF),        RANKLE_CODE(ECHILD),      RANKLE_CODE(EFAULT),
    RANKLE_CODE(ENOTDIR),    RANKLE_CODE(EISDIR),       RANKLE_CODE(ENOEXEC),     RANKLE_CODE(E2BIG),
    RANKLE_CODE(ETXTBSY),    RANKLE_CODE(ENAMETOOLONG), RANKLE_CODE(ELOOP),       RANKLE_CODE(EALREADY),
    RANKLE_CODE(EISCONN),    RANKLE_CODE(EMSGSIZE),     RANKLE_CODE(EPROTO),      RANKLE_CODE(ENOSYS),
    RANKLE_CODE(EOPNOTSUPP), RANKLE_CODE(ENOTEMPTY),    RANKLE_CODE(EXDEV),       RANKLE_CODE(EMLINK),
    RANKLE_CODE(ENOTSOCK),   RANKLE_CODE(EOVERFLOW),    RANKLE_CODE(ESPIPE),
};

// What getaddrinfo returns.
constexpr Code kResolver[] = {
    RANKLE_CODE(EAI_AGAIN),   RANKLE_CODE(EAI_NONAME), RANKLE_CODE(EAI_FAIL),     RANKLE_CODE(EAI_FAMILY),
    RANKLE_CODE(EAI_SERVICE), RANKLE_CODE(EAI_MEMORY), RANKLE_CODE(EAI_SOCKTYPE),
};
#undef RANKLE_CODE

constexpr Code kSignals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"BUS", SIGBUS},   {"FPE", SIGFPE},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV}, {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"SYS", SIGSYS},
};

struct Table {
  ResultKind kind;
  std::string_view type;
  std::string_view examples;
  std::span<const Code> codes;
};
const Table kTables[] = {
    {ResultKind::kNccl, "ncclResult_t", "ncclSystemError, ncclRemoteError, ncclInternalError",
     api::NcclResults()},
    {ResultKind::kCudaRuntime, "cudaError_t", "cudaErrorMemoryAllocation, cudaErrorLaunchFailure",
     api::CudaResults()},
    {ResultKind::kCudaDriver, "CUresult", "CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_LAUNCH_FAILED", kCudaDriver},
    {ResultKind::kErrno, "errno", "ECONNRESET, EIO, ENOSPC", kErrno},
    {ResultKind::kResolver, "code of getaddrinfo", "EAI_AGAIN, EAI_NONAME, EAI_FAIL", kResolver},
};

const Table* FindTable(ResultKind kind) {
  const auto* found = std::find_if(std::begin(kTables), std::end(kTables),
                                   [&](const Table& table) { return table.kind == kind; });
  return found == std::end(kTables) ? nullptr : found;
}

const Code* FindName(std::span<const Code> codes, std::string_view name) {
  const auto found =
      std::find_if(codes.begin(), codes.end(), [&](const Code& code) { return code.name == name; });
  return found == codes.end() ? nullptr : &*found;
}

std::string NameOf(std::span<const Code> codes, int value) {
  const auto found =
      std::find_if(codes.begin(), codes.end(), [&](const Code& code) { return code.value == value; });
  return found == codes.end() ? std::to_string(value) : std::string(found->name);
}

// Functions that answer with text or nothing, where an error code has no place to go.
constexpr std::string_view kReturnNoCode[] = {"ncclGetErrorString", "ncclGetLastError", "ncclResetDebugInit",
                                              "cudaGetErrorString", "cudaGetErrorName", "__cxa_throw",
                                              "__cxa_begin_catch"};

}  // namespace

ResultKind ResultKindOf(const api::ApiInfo& function) {
  if (std::find(std::begin(kReturnNoCode), std::end(kReturnNoCode), function.name) !=
      std::end(kReturnNoCode)) {
    return ResultKind::kNone;
  }
  switch (function.library) {
    case api::Library::kNccl:
      return ResultKind::kNccl;
    case api::Library::kCudaRuntime:
      return ResultKind::kCudaRuntime;
    case api::Library::kCudaDriver:
      return ResultKind::kCudaDriver;
    case api::Library::kLibc:
      return function.name == "getaddrinfo" ? ResultKind::kResolver : ResultKind::kErrno;
    case api::Library::kProcess:
    case api::Library::kNone:
      break;
  }
  return ResultKind::kNone;
}

std::string_view TypeName(ResultKind kind) {
  const Table* table = FindTable(kind);
  return table == nullptr ? "no error code" : table->type;
}

std::string_view ExampleNames(ResultKind kind) {
  const Table* table = FindTable(kind);
  return table == nullptr ? "" : table->examples;
}

std::optional<ResultCode> FindResult(std::string_view name) {
  for (const Table& table : kTables) {
    if (const Code* code = FindName(table.codes, name)) return ResultCode{table.kind, code->value};
  }
  return std::nullopt;
}

std::vector<std::string_view> AllResultNames() {
  std::vector<std::string_view> names;
  for (const Table& table : kTables) {
    for (const Code& code : table.codes) names.push_back(code.name);
  }
  return names;
}

std::string ResultName(ResultKind kind, int value) {
  const Table* table = FindTable(kind);
  return table == nullptr ? std::to_string(value) : NameOf(table->codes, value);
}

std::optional<int> FindSignal(std::string_view name) {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) {
    return number >= 1 && number <= 64 ? std::optional<int>(number) : std::nullopt;
  }
  if (name.starts_with("SIG")) name.remove_prefix(3);
  const Code* code = FindName(kSignals, name);
  return code == nullptr ? std::nullopt : std::optional<int>(code->value);
}

std::string SignalName(int number) { return NameOf(kSignals, number); }

std::vector<std::string_view> AllSignalNames() {
  std::vector<std::string_view> names;
  for (const Code& code : kSignals) names.push_back(code.name);
  return names;
}

}  // namespace rankle::plan
