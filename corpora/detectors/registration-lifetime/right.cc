// Registrations that somebody ends.
#include <vector>

#include "check.h"

// case: both_buffers
void RegisterBoth(size_t n, ncclComm_t comm, cudaStream_t stream) {
  void *in = nullptr, *out = nullptr, *in_handle = nullptr, *out_handle = nullptr;
  NCCL_CHECK(ncclMemAlloc(&in, n * sizeof(float)));
  NCCL_CHECK(ncclMemAlloc(&out, n * sizeof(float)));
  NCCL_CHECK(ncclCommRegister(comm, in, n * sizeof(float), &in_handle));
  NCCL_CHECK(ncclCommRegister(comm, out, n * sizeof(float), &out_handle));
  NCCL_CHECK(ncclAllReduce(in, out, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDeregister(comm, in_handle));
  NCCL_CHECK(ncclCommDeregister(comm, out_handle));
  NCCL_CHECK(ncclMemFree(in));
  NCCL_CHECK(ncclMemFree(out));
}

// case: parts_of_one_block
void RegisterBlock(size_t n, ncclComm_t comm, cudaStream_t stream) {
  void *block = nullptr, *handle = nullptr;
  NCCL_CHECK(ncclMemAlloc(&block, 2 * n * sizeof(float)));
  NCCL_CHECK(ncclCommRegister(comm, block, 2 * n * sizeof(float), &handle));
  float* in = static_cast<float*>(block);
  float* out = in + n;
  NCCL_CHECK(ncclAllReduce(in, out, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclMemFree(block));
}

// case: owner_deregisters
class Registered {
 public:
  Registered(ncclComm_t comm, size_t bytes) : comm_(comm) {
    NCCL_CHECK(ncclMemAlloc(&buffer_, bytes));
    NCCL_CHECK(ncclCommRegister(comm_, buffer_, bytes, &handle_));
  }
  ~Registered() {
    (void)ncclCommDeregister(comm_, handle_);
    (void)ncclMemFree(buffer_);
  }

 private:
  ncclComm_t comm_;
  void* buffer_ = nullptr;
  void* handle_ = nullptr;
};

// case: handles_are_collected
void RegisterAll(const std::vector<float*>& buffers, size_t n, ncclComm_t comm, std::vector<void*>* handles) {
  for (float* buffer : buffers) {
    void* handle = nullptr;
    NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));
    handles->push_back(handle);
  }
}

// case: handle_is_returned
void* Register(float* buffer, size_t n, ncclComm_t comm) {
  void* handle = nullptr;
  NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));
  return handle;
}

// case: other_buffer_is_freed
void FreeScratch(float* scratch, size_t bytes, ncclComm_t comm) {
  void *buffer = nullptr, *handle = nullptr;
  NCCL_CHECK(ncclMemAlloc(&buffer, bytes));
  NCCL_CHECK(ncclCommRegister(comm, buffer, bytes, &handle));
  CUDA_CHECK(cudaFree(scratch));
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclMemFree(buffer));
}

// case: window_in_order
void WindowInOrder(size_t bytes, ncclComm_t comm, cudaStream_t stream) {
  void* buffer = nullptr;
  ncclWindow_t window;
  NCCL_CHECK(ncclMemAlloc(&buffer, bytes));
  NCCL_CHECK(ncclCommWindowRegister(comm, buffer, bytes, &window, NCCL_WIN_COLL_SYMMETRIC));
  NCCL_CHECK(ncclAllReduce(buffer, buffer, bytes / sizeof(float), ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommWindowDeregister(comm, window));
  NCCL_CHECK(ncclMemFree(buffer));
}

// case: in_place_needs_one
void RegisterInPlace(float* buffer, size_t n, ncclComm_t comm, cudaStream_t stream) {
  void* handle = nullptr;
  NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));
  NCCL_CHECK(ncclAllReduce(buffer, buffer, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}

// case: deregistered_by_a_function
void Unregister(ncclComm_t comm, void* handle) {
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}
void RegisterForAWhile(float* buffer, size_t n, ncclComm_t comm, cudaStream_t stream) {
  void* handle = nullptr;
  NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));
  NCCL_CHECK(ncclAllReduce(buffer, buffer, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  Unregister(comm, handle);
}
