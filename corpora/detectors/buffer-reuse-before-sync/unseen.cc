// Written after the check: other shapes of the same truth.
#include <algorithm>
#include <memory>

#include "check.h"

struct CudaFree {
  void operator()(float* data) const { (void)cudaFree(data); }
};
using DevicePointer = std::unique_ptr<float, CudaFree>;

DevicePointer Allocate(size_t n) {
  float* data = nullptr;
  CUDA_CHECK(cudaMalloc(&data, n * sizeof(float)));
  return DevicePointer(data);
}

// case: unique_pointer_leaves_its_scope
void ReduceTemporary(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  DevicePointer scratch = Allocate(n);  // warns: nccl-buffer-reuse-before-sync
  NCCL_CHECK(ncclAllReduce(in, scratch.get(), n, ncclFloat, ncclSum, comm, stream));
}

// case: unique_pointer_waited_for
void ReduceTemporaryAndWait(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  DevicePointer scratch = Allocate(n);
  NCCL_CHECK(ncclAllReduce(in, scratch.get(), n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
}

// case: host_algorithm_over_pinned_memory
void FillAfterReduce(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* host = nullptr;
  CUDA_CHECK(cudaHostAlloc(reinterpret_cast<void**>(&host), n * sizeof(float), cudaHostAllocDefault));
  NCCL_CHECK(ncclAllReduce(host, host, n, ncclFloat, ncclSum, comm, stream));
  std::fill(host, host + n, 0.0f);  // warns: nccl-buffer-reuse-before-sync
}

// case: send_buffer_overwritten_on_the_copy_stream
void RefillWhileSending(float* out, const float* next, size_t n, int peer, ncclComm_t comm, cudaStream_t stream, cudaStream_t copies) {
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  CUDA_CHECK(cudaMemcpyAsync(out, next, n * sizeof(float), cudaMemcpyDeviceToDevice, copies));  // warns: nccl-buffer-reuse-before-sync
}

// case: event_synchronised_before_the_free
void FreeAfterEvent(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaEventRecord(done, stream));
  CUDA_CHECK(cudaEventSynchronize(done));
  CUDA_CHECK(cudaFree(data));
}

// case: free_before_the_wait_of_the_loop
void FreeInLoop(float** data, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < count; i++) {
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    CUDA_CHECK(cudaFree(data[i]));  // warns: nccl-buffer-reuse-before-sync
  }
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

// case: moved_to_the_caller
DevicePointer ReduceIntoNew(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  DevicePointer out = Allocate(n);
  NCCL_CHECK(ncclAllReduce(in, out.get(), n, ncclFloat, ncclSum, comm, stream));
  return out;
}
