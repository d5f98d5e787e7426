// Buffers touched after NCCL is done with them, or in the order of its stream.
#include "check.h"

// case: polled_first
void FreeAfterPoll(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaFree(data));
}

// case: copied_in_stream_order
void CopyInOrder(float* data, float* host, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaMemcpyAsync(host, data, n * sizeof(float), cudaMemcpyDeviceToHost, stream));
}

// case: event_before_the_other_stream
void CopyAfterEvent(float* data, float* host, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t copies, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaEventRecord(done, stream));
  CUDA_CHECK(cudaStreamWaitEvent(copies, done, 0));
  CUDA_CHECK(cudaMemcpyAsync(host, data, n * sizeof(float), cudaMemcpyDeviceToHost, copies));
}

// case: device_synchronised
float ReadAfterDevice(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* host = nullptr;
  CUDA_CHECK(cudaMallocHost(&host, n * sizeof(float)));
  NCCL_CHECK(ncclAllReduce(in, host, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaDeviceSynchronize());
  const float first = host[0];
  CUDA_CHECK(cudaFreeHost(host));
  return first;
}

// case: other_buffer
void FreeOther(float* data, float* scratch, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaFree(scratch));
}

// case: next_operation_on_the_same_stream
void ReduceAgain(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream));
  CUDA_CHECK(cudaMemsetAsync(data, 0, n * sizeof(float), stream));
}

// case: legacy_stream_waits_for_blocking_streams
void CopyLegacy(float* data, float* host, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreate(&stream));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaMemcpy(host, data, n * sizeof(float), cudaMemcpyDeviceToHost));
  WaitFor(comm, stream);
  CUDA_CHECK(cudaStreamDestroy(stream));
}

// case: pointer_is_moved_on
void ReduceChunks(float* data, size_t n, int chunks, ncclComm_t comm, cudaStream_t stream) {
  float* next = data;
  for (int i = 0; i < chunks; i++) {
    NCCL_CHECK(ncclAllReduce(next, next, n, ncclFloat, ncclSum, comm, stream));
    next += n;
  }
}

// case: owner_waits_in_its_destructor
class ScratchBuffer {
 public:
  ScratchBuffer(size_t n, cudaStream_t stream) : stream_(stream) { CUDA_CHECK(cudaMalloc(&data_, n * sizeof(float))); }
  ~ScratchBuffer() {
    (void)cudaStreamSynchronize(stream_);
    (void)cudaFree(data_);
  }
  float* get() const { return data_; }

 private:
  cudaStream_t stream_;
  float* data_ = nullptr;
};
void ReduceInScratch(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ScratchBuffer scratch(n, stream);
  NCCL_CHECK(ncclAllReduce(in, scratch.get(), n, ncclFloat, ncclSum, comm, stream));
}

// case: written_before_the_call
void FillAndReduce(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* data = nullptr;
  CUDA_CHECK(cudaMallocManaged(&data, n * sizeof(float)));
  for (size_t i = 0; i < n; i++) data[i] = 1;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  data[0] = 0;
  CUDA_CHECK(cudaFree(data));
}

// case: swapped_buffers_waited_each_turn
void DoubleBuffer(float* front, float* back, float* host, size_t n, int steps, ncclComm_t comm, cudaStream_t stream) {
  for (int step = 0; step < steps; step++) {
    NCCL_CHECK(ncclAllReduce(front, back, n, ncclFloat, ncclSum, comm, stream));
    CUDA_CHECK(cudaStreamSynchronize(stream));
    CUDA_CHECK(cudaMemcpy(host, back, n * sizeof(float), cudaMemcpyDeviceToHost));
    float* old = front;
    front = back;
    back = old;
  }
}
