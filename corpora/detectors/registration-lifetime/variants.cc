// Frees in the order of a stream.
#include "check.h"

// case: freed_in_order_after_the_end
void FreeAfter(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* data = nullptr;
  void* handle = nullptr;
  CUDA_CHECK(cudaMallocAsync(&data, n * sizeof(float), stream));
  NCCL_CHECK(ncclCommRegister(comm, data, n * sizeof(float), &handle));
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  CUDA_CHECK(cudaFreeAsync(data, stream));
}

// case: another_block_is_freed
void FreeOther(float* scratch, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* data = nullptr;
  void* handle = nullptr;
  CUDA_CHECK(cudaMallocAsync(&data, n * sizeof(float), stream));
  NCCL_CHECK(ncclCommRegister(comm, data, n * sizeof(float), &handle));
  CUDA_CHECK(cudaFreeAsync(scratch, stream));
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  CUDA_CHECK(cudaFreeAsync(data, stream));
}
