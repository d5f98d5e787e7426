// Written after the check: other shapes of the same truth.
#include <memory>

#include "check.h"

struct NcclFree {
  void operator()(void* data) const { (void)ncclMemFree(data); }
};

// case: receive_buffer_only
void RegisterReceive(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  void *out = nullptr, *scratch = nullptr, *handle = nullptr;
  NCCL_CHECK(ncclMemAlloc(&out, n * sizeof(float)));
  NCCL_CHECK(ncclMemAlloc(&scratch, n * sizeof(float)));
  CUDA_CHECK(cudaMemcpyAsync(scratch, in, n * sizeof(float), cudaMemcpyDeviceToDevice, stream));
  NCCL_CHECK(ncclCommRegister(comm, out, n * sizeof(float), &handle));
  NCCL_CHECK(ncclAllGather(scratch, out, n / 8, ncclFloat, comm, stream));  // warns: nccl-registration-lifetime
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclMemFree(out));
  NCCL_CHECK(ncclMemFree(scratch));
}

// case: handle_overwritten
void RegisterTwo(float* a, float* b, size_t n, ncclComm_t comm) {
  void* handle = nullptr;
  NCCL_CHECK(ncclCommRegister(comm, a, n * sizeof(float), &handle));
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclCommRegister(comm, b, n * sizeof(float), &handle));
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}

// case: stream_ordered_free_before_deregister
void FreeAsyncTooEarly(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* data = nullptr;
  void* handle = nullptr;
  CUDA_CHECK(cudaMallocAsync(&data, n * sizeof(float), stream));
  NCCL_CHECK(ncclCommRegister(comm, data, n * sizeof(float), &handle));
  CUDA_CHECK(cudaFreeAsync(data, stream));  // warns: nccl-registration-lifetime
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}

// case: kept_in_a_struct
struct Registration {
  void* handle = nullptr;
  ncclWindow_t window = nullptr;
};
void RegisterInto(Registration& registration, float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclCommRegister(comm, data, n * sizeof(float), &registration.handle));
  NCCL_CHECK(ncclCommWindowRegister(comm, data, n * sizeof(float), &registration.window, NCCL_WIN_DEFAULT));
}

// case: owner_declared_before_the_registration
void OwnedBuffer(size_t n, ncclComm_t comm) {
  void* raw = nullptr;
  NCCL_CHECK(ncclMemAlloc(&raw, n * sizeof(float)));
  std::unique_ptr<void, NcclFree> buffer(raw);
  void* handle = nullptr;
  NCCL_CHECK(ncclCommRegister(comm, buffer.get(), n * sizeof(float), &handle));
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}
