// Registrations that outlive their memory, or everything else.
#include "check.h"

// case: cuda_memory_freed_first
void FreeCudaFirst(size_t n, ncclComm_t comm) {
  float* buffer = nullptr;
  void* handle = nullptr;
  CUDA_CHECK(cudaMalloc(&buffer, n * sizeof(float)));
  NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));
  CUDA_CHECK(cudaFree(buffer));  // warns: nccl-registration-lifetime
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}

// case: window_after_the_free
void FreeBeforeWindow(size_t bytes, ncclComm_t comm) {
  void* buffer = nullptr;
  ncclWindow_t window;
  NCCL_CHECK(ncclMemAlloc(&buffer, bytes));
  NCCL_CHECK(ncclCommWindowRegister(comm, buffer, bytes, &window, NCCL_WIN_COLL_SYMMETRIC));
  NCCL_CHECK(ncclMemFree(buffer));  // warns: nccl-registration-lifetime
  NCCL_CHECK(ncclCommWindowDeregister(comm, window));
}

// case: window_never_deregistered
void ForgetWindow(float* buffer, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclWindow_t window;
  NCCL_CHECK(ncclCommWindowRegister(comm, buffer, n * sizeof(float), &window, NCCL_WIN_DEFAULT));  // warns: nccl-registration-lifetime
  NCCL_CHECK(ncclAllReduce(buffer, buffer, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
}

// case: only_the_send_buffer
void RegisterHalf(size_t n, ncclComm_t comm, cudaStream_t stream) {
  void *in = nullptr, *out = nullptr, *handle = nullptr;
  NCCL_CHECK(ncclMemAlloc(&in, n * sizeof(float)));
  NCCL_CHECK(ncclMemAlloc(&out, n * sizeof(float)));
  NCCL_CHECK(ncclCommRegister(comm, in, n * sizeof(float), &handle));
  NCCL_CHECK(ncclAllReduce(in, out, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-registration-lifetime
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclMemFree(in));
  NCCL_CHECK(ncclMemFree(out));
}

// case: freed_on_one_path
void FreeEarlyOnOnePath(bool early, size_t bytes, ncclComm_t comm) {
  void *buffer = nullptr, *handle = nullptr;
  NCCL_CHECK(ncclMemAlloc(&buffer, bytes));
  NCCL_CHECK(ncclCommRegister(comm, buffer, bytes, &handle));
  if (early) {
    NCCL_CHECK(ncclMemFree(buffer));  // warns: nccl-registration-lifetime
    NCCL_CHECK(ncclCommDeregister(comm, handle));
    return;
  }
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclMemFree(buffer));
}

// case: registered_in_a_loop_handle_lost
void RegisterEach(float** buffers, size_t n, int count, ncclComm_t comm) {
  for (int i = 0; i < count; i++) {
    void* handle = nullptr;
    NCCL_CHECK(ncclCommRegister(comm, buffers[i], n * sizeof(float), &handle));  // warns: nccl-registration-lifetime
  }
}
