#include "injector/api/results.h"

#include <algorithm>

namespace rankle::api {
namespace {

constexpr NamedResult kNccl[] = {
    {"ncclSuccess", 0},       {"ncclUnhandledCudaError", 1}, {"ncclSystemError", 2},
    {"ncclInternalError", 3}, {"ncclInvalidArgument", 4},    {"ncclInvalidUsage", 5},
    {"ncclRemoteError", 6},   {"ncclInProgress", 7},         {"ncclTimeout", 8},
};

constexpr NamedResult kCuda[] = {
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

const NamedResult* Find(std::span<const NamedResult> codes, int value) {
  const auto found =
      std::find_if(codes.begin(), codes.end(), [&](const NamedResult& code) { return code.value == value; });
  return found == codes.end() ? nullptr : &*found;
}

}  // namespace

std::span<const NamedResult> NcclResults() { return kNccl; }
std::span<const NamedResult> CudaResults() { return kCuda; }

std::string NcclResultName(int result) {
  const NamedResult* code = Find(kNccl, result);
  return code != nullptr ? std::string(code->name) : "ncclResult#" + std::to_string(result);
}

std::string CudaResultName(int result) {
  const NamedResult* code = Find(kCuda, result);
  if (code == nullptr) return "CUDA error " + std::to_string(result);
  return std::string(code->name) + " (" + std::to_string(result) + ")";
}

}  // namespace rankle::api
