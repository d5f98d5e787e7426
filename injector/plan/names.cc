#include "injector/plan/names.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

namespace rankle::plan {
namespace {

struct Code {
  std::string_view name;
  int value;
};

constexpr Code kNccl[] = {
    {"ncclSuccess", 0},       {"ncclUnhandledCudaError", 1}, {"ncclSystemError", 2},
    {"ncclInternalError", 3}, {"ncclInvalidArgument", 4},    {"ncclInvalidUsage", 5},
    {"ncclRemoteError", 6},   {"ncclInProgress", 7},
};

constexpr Code kCudaRuntime[] = {
    {"cudaSuccess", 0},
    {"cudaErrorInvalidValue", 1},
    {"cudaErrorMemoryAllocation", 2},
    {"cudaErrorInitializationError", 3},
    {"cudaErrorCudartUnloading", 4},
    {"cudaErrorInvalidConfiguration", 9},
    {"cudaErrorInvalidPitchValue", 12},
    {"cudaErrorInvalidSymbol", 13},
    {"cudaErrorInvalidHostPointer", 16},
    {"cudaErrorInvalidDevicePointer", 17},
    {"cudaErrorInvalidChannelDescriptor", 20},
    {"cudaErrorInvalidMemcpyDirection", 21},
    {"cudaErrorInsufficientDriver", 35},
    {"cudaErrorCallRequiresNewerDriver", 36},
    {"cudaErrorDevicesUnavailable", 46},
    {"cudaErrorIncompatibleDriverContext", 49},
    {"cudaErrorMissingConfiguration", 52},
    {"cudaErrorLaunchMaxDepthExceeded", 65},
    {"cudaErrorSyncDepthExceeded", 68},
    {"cudaErrorLaunchPendingCountExceeded", 69},
    {"cudaErrorInvalidDeviceFunction", 98},
    {"cudaErrorNoDevice", 100},
    {"cudaErrorInvalidDevice", 101},
    {"cudaErrorDeviceNotLicensed", 102},
    {"cudaErrorStartupFailure", 127},
    {"cudaErrorInvalidKernelImage", 200},
    {"cudaErrorDeviceUninitialized", 201},
    {"cudaErrorMapBufferObjectFailed", 205},
    {"cudaErrorUnmapBufferObjectFailed", 206},
    {"cudaErrorArrayIsMapped", 207},
    {"cudaErrorAlreadyMapped", 208},
    {"cudaErrorNoKernelImageForDevice", 209},
    {"cudaErrorAlreadyAcquired", 210},
    {"cudaErrorNotMapped", 211},
    {"cudaErrorNotMappedAsArray", 212},
    {"cudaErrorNotMappedAsPointer", 213},
    {"cudaErrorECCUncorrectable", 214},
    {"cudaErrorUnsupportedLimit", 215},
    {"cudaErrorDeviceAlreadyInUse", 216},
    {"cudaErrorPeerAccessUnsupported", 217},
    {"cudaErrorNvlinkUncorrectable", 220},
    {"cudaErrorUnsupportedExecAffinity", 224},
    {"cudaErrorUnsupportedDevSideSync", 225},
    {"cudaErrorContained", 226},
    {"cudaErrorInvalidSource", 300},
    {"cudaErrorFileNotFound", 301},
    {"cudaErrorSharedObjectSymbolNotFound", 302},
    {"cudaErrorSharedObjectInitFailed", 303},
    {"cudaErrorOperatingSystem", 304},
    {"cudaErrorInvalidResourceHandle", 400},
    {"cudaErrorIllegalState", 401},
    {"cudaErrorLossyQuery", 402},
    {"cudaErrorSymbolNotFound", 500},
    {"cudaErrorNotReady", 600},
    {"cudaErrorIllegalAddress", 700},
    {"cudaErrorLaunchOutOfResources", 701},
    {"cudaErrorLaunchTimeout", 702},
    {"cudaErrorLaunchIncompatibleTexturing", 703},
    {"cudaErrorPeerAccessAlreadyEnabled", 704},
    {"cudaErrorPeerAccessNotEnabled", 705},
    {"cudaErrorSetOnActiveProcess", 708},
    {"cudaErrorContextIsDestroyed", 709},
    {"cudaErrorAssert", 710},
    {"cudaErrorTooManyPeers", 711},
    {"cudaErrorHostMemoryAlreadyRegistered", 712},
    {"cudaErrorHostMemoryNotRegistered", 713},
    {"cudaErrorHardwareStackError", 714},
    {"cudaErrorIllegalInstruction", 715},
    {"cudaErrorMisalignedAddress", 716},
    {"cudaErrorInvalidAddressSpace", 717},
    {"cudaErrorInvalidPc", 718},
    {"cudaErrorLaunchFailure", 719},
    {"cudaErrorCooperativeLaunchTooLarge", 720},
    {"cudaErrorTensorMemoryLeak", 721},
    {"cudaErrorNotPermitted", 800},
    {"cudaErrorNotSupported", 801},
    {"cudaErrorSystemNotReady", 802},
    {"cudaErrorSystemDriverMismatch", 803},
    {"cudaErrorCompatNotSupportedOnDevice", 804},
    {"cudaErrorMpsConnectionFailed", 805},
    {"cudaErrorMpsRpcFailure", 806},
    {"cudaErrorMpsServerNotReady", 807},
    {"cudaErrorMpsMaxClientsReached", 808},
    {"cudaErrorMpsMaxConnectionsReached", 809},
    {"cudaErrorMpsClientTerminated", 810},
    {"cudaErrorStreamCaptureUnsupported", 900},
    {"cudaErrorStreamCaptureInvalidated", 901},
    {"cudaErrorStreamCaptureMerge", 902},
    {"cudaErrorStreamCaptureUnmatched", 903},
    {"cudaErrorStreamCaptureUnjoined", 904},
    {"cudaErrorStreamCaptureIsolation", 905},
    {"cudaErrorStreamCaptureImplicit", 906},
    {"cudaErrorCapturedEvent", 907},
    {"cudaErrorStreamCaptureWrongThread", 908},
    {"cudaErrorTimeout", 909},
    {"cudaErrorGraphExecUpdateFailure", 910},
    {"cudaErrorExternalDevice", 911},
    {"cudaErrorInvalidClusterSize", 912},
    {"cudaErrorFunctionNotLoaded", 913},
    {"cudaErrorInvalidResourceType", 914},
    {"cudaErrorInvalidResourceConfiguration", 915},
    {"cudaErrorUnknown", 999},
};

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
    RANKLE_CODE(EDQUOT),
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
constexpr Table kTables[] = {
    {ResultKind::kNccl, "ncclResult_t", "ncclSystemError, ncclRemoteError, ncclInternalError", kNccl},
    {ResultKind::kCudaRuntime, "cudaError_t", "cudaErrorMemoryAllocation, cudaErrorLaunchFailure",
     kCudaRuntime},
    {ResultKind::kCudaDriver, "CUresult", "CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_LAUNCH_FAILED", kCudaDriver},
    {ResultKind::kErrno, "errno", "ECONNRESET, EIO, ENOSPC", kErrno},
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
                                              "cudaGetErrorString", "cudaGetErrorName"};

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
    case api::Library::kProcess:
    case api::Library::kNone:
      break;
  }
  return (function.groups & (api::kSocket | api::kFile)) != 0 ? ResultKind::kErrno : ResultKind::kNone;
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
