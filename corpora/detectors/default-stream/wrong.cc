// Ways to write the legacy default stream.
#include "check.h"

__attribute__((unused)) static void Kernel() {
}

// case: null_macro
void BroadcastOnNull(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, NULL));  // warns: nccl-default-stream
}

// case: legacy_handle
void ReduceOnLegacy(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, cudaStreamLegacy));  // warns: nccl-default-stream
}

// case: value_initialised
void ReduceOnEmpty(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, cudaStream_t{}));  // warns: nccl-default-stream
}

// case: variable_never_set
void ReduceOnVariable(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream = nullptr;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-default-stream
}

// case: cast_of_zero
void SendOnZero(const float* data, size_t n, int peer, ncclComm_t comm) {
  NCCL_CHECK(ncclSend(data, n, ncclFloat, peer, comm, (cudaStream_t)0));  // warns: nccl-default-stream
}

// case: constant
constexpr cudaStream_t kStream = nullptr;
void ReduceOnConstant(float* data, size_t n, ncclComm_t comm) {
  NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, comm, kStream));  // warns: nccl-default-stream
}

// case: blocking_stream_beside_kernels_on_the_default_stream
void ReduceBesideKernel(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreate(&stream));  // warns: nccl-default-stream
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(&Kernel), dim3(1), dim3(32), nullptr, 0, nullptr));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}
