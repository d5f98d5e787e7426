// What cuSPARSE says about itself; everything else is in functions/cusparse.txt.
#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/handle.h"

using namespace rankle::vgpu::math;

namespace {

constexpr struct {
  int status;
  const char *name, *text;
} kStatusTexts[] = {
    {0, "CUSPARSE_STATUS_SUCCESS", "success"},
    {kCusparse.no_handle, "CUSPARSE_STATUS_NOT_INITIALIZED", "initialization error"},
    {kCusparse.invalid_value, "CUSPARSE_STATUS_INVALID_VALUE", "invalid value"},
    {kCusparse.failed, "CUSPARSE_STATUS_EXECUTION_FAILED", "kernel launch failure"},
    {kCusparse.not_supported, "CUSPARSE_STATUS_NOT_SUPPORTED", "operation not supported"},
};

}  // namespace

extern "C" {

const char* cusparseGetErrorName(int status) {
  for (const auto& entry : kStatusTexts) {
    if (entry.status == status) return entry.name;
  }
  return "CUSPARSE_STATUS_UNKNOWN";
}

const char* cusparseGetErrorString(int status) {
  for (const auto& entry : kStatusTexts) {
    if (entry.status == status) return entry.text;
  }
  return "unknown error";
}

int cusparseGetVersion(void* handle, int* version) {
  if (Handles().Find(handle) == nullptr) return kCusparse.no_handle;
  if (version == nullptr) return kCusparse.invalid_value;
  *version = 12600;  // the cuSPARSE of CUDA 13.0
  return 0;
}

}  // extern "C"
