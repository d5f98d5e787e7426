#include "virtual_gpu/runtime/call.h"

namespace rankle::vgpu::runtime {
namespace {

thread_local cudaError_t t_last_error = cudaSuccess;

}  // namespace

cudaError_t Remember(cudaError_t error) {
  t_last_error = error;
  return error;
}

cudaError_t LastError() { return t_last_error; }

void ForgetLastError() { t_last_error = cudaSuccess; }

}  // namespace rankle::vgpu::runtime

using namespace rankle::vgpu;

namespace {

// A sticky error outlives cudaGetLastError.
cudaError_t StickyOr(cudaError_t error) {
  if (Enter() != cudaSuccess || ContextStack().empty()) return error;
  const Error sticky = CurrentDevice()->sticky_error();
  return sticky != cudaSuccess ? sticky : error;
}

}  // namespace

cudaError_t cudaGetLastError() {
  const cudaError_t error = StickyOr(runtime::LastError());
  runtime::ForgetLastError();
  return error;
}

cudaError_t cudaPeekAtLastError() { return StickyOr(runtime::LastError()); }
