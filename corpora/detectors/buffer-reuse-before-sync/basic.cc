// The call returns when the operation is enqueued: until the stream gets there, the buffers belong to NCCL.
#include "check.h"

// case: freed_in_flight
void ReduceAndFree(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaFree(data));  // warns: nccl-buffer-reuse-before-sync
}

// case: host_writes_in_flight
void ReduceAndRefill(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* data;
  CUDA_CHECK(cudaMallocManaged(&data, n * sizeof(float)));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  data[0] = 0;  // warns: nccl-buffer-reuse-before-sync
}

// case: freed_after_sync
void ReduceWaitFree(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  CUDA_CHECK(cudaFree(data));
}

// case: freed_in_stream_order
void ReduceFreeAsync(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaFreeAsync(data, stream));
}
