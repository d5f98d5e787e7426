#include "injector/hooks/call.h"

#include <cuda.h>

#include "injector/api/table.h"

namespace rankle::hooks {

bool HookCall::HasStreamInsideConfig() const {
  return info->id == api::IdOf("cudaLaunchKernelExC") || info->id == api::IdOf("cuLaunchKernelEx");
}

cudaStream_t HookCall::StreamInsideConfig() const {
  switch (info->id) {
    case api::IdOf("cudaLaunchKernelExC"):
      return Argument<const cudaLaunchConfig_t*>(0)->stream;
    case api::IdOf("cuLaunchKernelEx"):
      return reinterpret_cast<cudaStream_t>(Argument<const CUlaunchConfig*>(0)->hStream);
    default:
      return nullptr;
  }
}

int64_t HookCall::bytes() const {
  if (info->args.bytes >= 0) return static_cast<int64_t>(Argument<size_t>(info->args.bytes));
  if (info->args.count < 0 || info->args.dtype < 0) return -1;
  return static_cast<int64_t>(count() * api::DataTypeBytes(static_cast<uint8_t>(dtype())));
}

bool HookCall::IsError(int result) const {
  if (info->library == api::Library::kNccl) return result != ncclInProgress;
  return result != cudaErrorNotReady;  // the driver's CUDA_ERROR_NOT_READY has the same value
}

int MissingResult(api::Library library) {
  return library == api::Library::kNccl ? static_cast<int>(ncclInvalidUsage)
                                        : static_cast<int>(cudaErrorNotSupported);
}
static_assert(static_cast<int>(CUDA_ERROR_NOT_READY) == cudaErrorNotReady);
static_assert(static_cast<int>(CUDA_ERROR_NOT_SUPPORTED) == cudaErrorNotSupported);

}  // namespace rankle::hooks
