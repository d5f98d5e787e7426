// cuBLAS handles: making them, their modes, and what the library says about itself.
#include "virtual_gpu/math/cublas/handle.h"

#include <cstddef>

#include "virtual_gpu/math/host_blas.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kMajor = 13, kMinor = 0, kPatch = 2;  // the cuBLAS of CUDA 13.0

int SetMode(void* handle, int CublasHandle::*member, int value, int most) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (value < 0 || value > most) return kCublas.invalid_value;
    found.*member = value;
    return 0;
  });
}

int GetMode(void* handle, int CublasHandle::*member, int* value) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (value == nullptr) return kCublas.invalid_value;
    *value = found.*member;
    return 0;
  });
}

constexpr struct {
  int status;
  const char *name, *text;
} kStatusTexts[] = {
    {0, "CUBLAS_STATUS_SUCCESS", "the operation completed successfully"},
    {1, "CUBLAS_STATUS_NOT_INITIALIZED", "the library was not initialized"},
    {3, "CUBLAS_STATUS_ALLOC_FAILED", "the resource allocation failed"},
    {7, "CUBLAS_STATUS_INVALID_VALUE", "an unsupported value or parameter was passed to the function"},
    {8, "CUBLAS_STATUS_ARCH_MISMATCH", "the device architecture is not supported"},
    {11, "CUBLAS_STATUS_MAPPING_ERROR", "an access to GPU memory space failed"},
    {13, "CUBLAS_STATUS_EXECUTION_FAILED", "the function failed to launch on the GPU"},
    {14, "CUBLAS_STATUS_INTERNAL_ERROR", "an internal operation failed"},
    {15, "CUBLAS_STATUS_NOT_SUPPORTED", "the requested functionality is not supported"},
    {16, "CUBLAS_STATUS_LICENSE_ERROR", "an error with the license was detected"},
};

const char* StatusText(int status, bool as_name) {
  for (const auto& entry : kStatusTexts) {
    if (entry.status == status) return as_name ? entry.name : entry.text;
  }
  return as_name ? "CUBLAS_STATUS_UNKNOWN" : "unknown status";
}

constexpr int kMostMathMode = 0x3FF;  // flags above the modes

}  // namespace

extern "C" {

int cublasCreate_v2(void** handle) {
  if (handle == nullptr) return kCublas.invalid_value;
  if (ComputeIsWanted() && !HostBlasIsReady()) return kCublas.no_handle;
  Create<CublasHandle>(handle);
  return 0;
}

int cublasDestroy_v2(void* handle) { return Handles().Take(handle) == nullptr ? kCublas.no_handle : 0; }

int cublasSetStream_v2(void* handle, void* stream) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    found.stream = stream;
    return 0;
  });
}

int cublasGetStream_v2(void* handle, void** stream) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (stream == nullptr) return kCublas.invalid_value;
    *stream = found.stream;
    return 0;
  });
}

int cublasSetPointerMode_v2(void* handle, int mode) {
  return SetMode(handle, &CublasHandle::pointer_mode, mode, 1);
}
int cublasGetPointerMode_v2(void* handle, int* mode) {
  return GetMode(handle, &CublasHandle::pointer_mode, mode);
}
int cublasSetMathMode(void* handle, int mode) {
  return SetMode(handle, &CublasHandle::math_mode, mode, kMostMathMode);
}
int cublasGetMathMode(void* handle, int* mode) { return GetMode(handle, &CublasHandle::math_mode, mode); }
int cublasSetAtomicsMode(void* handle, int mode) {
  return SetMode(handle, &CublasHandle::atomics_mode, mode, 1);
}
int cublasGetAtomicsMode(void* handle, int* mode) {
  return GetMode(handle, &CublasHandle::atomics_mode, mode);
}
int cublasSetSmCountTarget(void* handle, int count) {
  return SetMode(handle, &CublasHandle::sm_count, count, 1 << 20);
}
int cublasGetSmCountTarget(void* handle, int* count) {
  return GetMode(handle, &CublasHandle::sm_count, count);
}

int cublasGetVersion_v2(void*, int* version) {
  if (version == nullptr) return kCublas.invalid_value;
  *version = kMajor * 10000 + kMinor * 100 + kPatch;
  return 0;
}

int cublasGetProperty(int property, int* value) {
  constexpr int kVersion[] = {kMajor, kMinor, kPatch};
  if (value == nullptr || property < 0 || property > 2) return kCublas.invalid_value;
  *value = kVersion[property];
  return 0;
}

size_t cublasGetCudartVersion() { return 13000; }
const char* cublasGetStatusName(int status) { return StatusText(status, true); }
const char* cublasGetStatusString(int status) { return StatusText(status, false); }

}  // extern "C"
