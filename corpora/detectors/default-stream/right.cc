// Streams of one's own, whatever they look like.
#include "check.h"

__attribute__((unused)) static void Kernel() {
}

// case: per_thread_stream
void ReducePerThread(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, cudaStreamPerThread));
}

// case: set_after_null
void ReduceOnCreated(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream = nullptr;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}

// case: by_priority
void ReduceWithPriority(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream{};
  CUDA_CHECK(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, -1));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}

// case: member_with_a_null_initialiser
class Reducer {
 public:
  explicit Reducer(cudaStream_t stream) : stream_(stream) {}
  void Reduce(float* data, size_t n) { NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm_, stream_)); }

 private:
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: blocking_stream_and_nothing_on_the_default_stream
void ReduceOnBlocking(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreate(&stream));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(&Kernel), dim3(1), dim3(32), nullptr, 0, stream));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}

// case: nonblocking_stream_beside_kernels_on_the_default_stream
void ReduceBesideKernel(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(&Kernel), dim3(1), dim3(32), nullptr, 0, nullptr));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}

// case: memory_call_on_the_default_stream
void ClearOnDefault(float* data, size_t n) {
  CUDA_CHECK(cudaMemsetAsync(data, 0, n * sizeof(float), nullptr));
}
