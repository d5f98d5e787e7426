// sizeof in the count, or in the call, and nothing wrong.
#include <cuda_fp16.h>

#include <cstdint>
#include <vector>

#include "check.h"

// case: length_of_an_array
void ReduceTable(ncclComm_t comm, cudaStream_t stream, float* device) {
  float host[32] = {};
  NCCL_CHECK(ncclAllReduce(device, device, sizeof(host) / sizeof(host[0]), ncclFloat, ncclSum, comm, stream));
}

// case: rounded_up_to_elements
void ReduceRounded(float* data, size_t bytes, ncclComm_t comm, cudaStream_t stream) {
  const size_t n = (bytes + sizeof(float) - 1) / sizeof(float);
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: variable_called_bytes_holds_elements
void ReduceMisnamed(half* data, size_t bytes, ncclComm_t comm, cudaStream_t stream) {
  bytes /= sizeof(half);
  NCCL_CHECK(ncclAllReduce(data, data, bytes, ncclHalf, ncclSum, comm, stream));
}

// case: one_byte_float
void BroadcastFp8(void* weights, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const size_t bytes = n * sizeof(uint8_t);
  NCCL_CHECK(ncclBroadcast(weights, weights, bytes, ncclFloat8e4m3, 0, comm, stream));
}

// case: uint8_send
void SendBlob(const void* blob, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(blob, n * sizeof(float), ncclUint8, peer, comm, stream));
}

struct Header {
  int layer;
  float scale;
};

// case: struct_as_bytes
void BroadcastStruct(Header* header, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(header, header, sizeof(Header), ncclInt8, 0, comm, stream));
}

// case: sizes_in_bytes_are_meant
float* AllocateAndRegister(size_t n, ncclComm_t comm, void** handle) {
  void* data = nullptr;
  NCCL_CHECK(ncclMemAlloc(&data, n * sizeof(float)));
  NCCL_CHECK(ncclCommRegister(comm, data, n * sizeof(float), handle));
  return static_cast<float*>(data);
}

// case: struct_of_floats_counted_in_floats
void ReduceVectors(float4* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n * (sizeof(float4) / sizeof(float)), ncclFloat, ncclSum, comm, stream));
}

// case: number_of_arguments
template <class... Values>
void ReduceSome(float* data, ncclComm_t comm, cudaStream_t stream, Values...) {
  NCCL_CHECK(ncclAllReduce(data, data, sizeof...(Values), ncclFloat, ncclSum, comm, stream));
}
template void ReduceSome<int, int, int>(float*, ncclComm_t, cudaStream_t, int, int, int);

// case: bytes_for_the_allocation_elements_for_the_call
void AllocateAndReduce(size_t n, ncclComm_t comm, cudaStream_t stream) {
  const size_t bytes = n * sizeof(float);
  float* data = nullptr;
  CUDA_CHECK(cudaMalloc(&data, bytes));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaFree(data));
}

// case: variable_assigned_again
void ReduceReassigned(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  size_t size = n * sizeof(float);
  CUDA_CHECK(cudaMemsetAsync(data, 0, size, stream));
  size = n;
  NCCL_CHECK(ncclAllReduce(data, data, size, ncclFloat, ncclSum, comm, stream));
}
