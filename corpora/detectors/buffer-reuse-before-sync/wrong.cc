// Buffers touched while NCCL still works on them.
#include <mpi.h>

#include <cstring>

#include "check.h"

// case: nccl_memory_freed
void FreeNcclMemory(size_t n, ncclComm_t comm, cudaStream_t stream) {
  void* data = nullptr;
  NCCL_CHECK(ncclMemAlloc(&data, n * sizeof(float)));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclMemFree(data));  // warns: nccl-buffer-reuse-before-sync
}

// case: pinned_memory_freed
void FreePinned(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* host = nullptr;
  CUDA_CHECK(cudaMallocHost(&host, n * sizeof(float)));
  NCCL_CHECK(ncclAllReduce(in, host, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaFreeHost(host));  // warns: nccl-buffer-reuse-before-sync
}

// case: host_reads_in_flight
float ReadTooEarly(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* host = nullptr;
  CUDA_CHECK(cudaMallocHost(&host, n * sizeof(float)));
  NCCL_CHECK(ncclAllReduce(in, host, n, ncclFloat, ncclSum, comm, stream));
  const float first = host[0];  // warns: nccl-buffer-reuse-before-sync
  CUDA_CHECK(cudaStreamSynchronize(stream));
  return first;
}

// case: copied_on_another_stream
void CopyOnOther(float* data, float* host, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t copies) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaMemcpyAsync(host, data, n * sizeof(float), cudaMemcpyDeviceToHost, copies));  // warns: nccl-buffer-reuse-before-sync
}

// case: freed_on_another_stream
void FreeOnOther(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t other) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaFreeAsync(data, other));  // warns: nccl-buffer-reuse-before-sync
}

// case: blocking_copy_beside_a_nonblocking_stream
void CopyBeside(float* data, float* host, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaMemcpy(host, data, n * sizeof(float), cudaMemcpyDeviceToHost));  // warns: nccl-buffer-reuse-before-sync
  CUDA_CHECK(cudaStreamSynchronize(stream));
  CUDA_CHECK(cudaStreamDestroy(stream));
}

// case: sent_by_mpi
void SendByMpi(float* data, int n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  MPI_Send(data, n, MPI_FLOAT, peer, 0, MPI_COMM_WORLD);  // warns: nccl-buffer-reuse-before-sync
}

// case: cleared_on_another_stream
void ClearOnOther(float* in, float* out, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t other) {
  NCCL_CHECK(ncclAllReduce(in, out, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaMemsetAsync(in, 0, n * sizeof(float), other));  // warns: nccl-buffer-reuse-before-sync
}

// case: waited_for_the_wrong_stream
void WaitForTheWrongOne(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t other) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(other));
  CUDA_CHECK(cudaFree(data));  // warns: nccl-buffer-reuse-before-sync
}

// case: owner_leaves_its_scope
class DeviceBuffer {
 public:
  explicit DeviceBuffer(size_t n) { CUDA_CHECK(cudaMalloc(&data_, n * sizeof(float))); }
  ~DeviceBuffer() { (void)cudaFree(data_); }
  float* get() const { return data_; }

 private:
  float* data_ = nullptr;
};
void ReduceInScratch(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  DeviceBuffer scratch(n);  // warns: nccl-buffer-reuse-before-sync
  NCCL_CHECK(ncclAllReduce(in, scratch.get(), n, ncclFloat, ncclSum, comm, stream));
}

// case: freed_on_one_path
void FreeEarly(bool keep, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  if (!keep) {
    CUDA_CHECK(cudaFree(data));  // warns: nccl-buffer-reuse-before-sync
    return;
  }
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

// case: memset_by_the_host
void ClearByHost(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* data = nullptr;
  CUDA_CHECK(cudaMallocManaged(&data, n * sizeof(float)));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  std::memset(data, 0, n * sizeof(float));  // warns: nccl-buffer-reuse-before-sync
}
