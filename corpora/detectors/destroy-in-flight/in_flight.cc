// Destroyed with operations enqueued and nobody who has waited for them.
#include "check.h"

// case: after_a_group
void ReducePairAndClose(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: stream_first
void CloseStreamFirst(float* data, size_t n, ncclComm_t comm) {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamDestroy(stream));  // warns: nccl-destroy-in-flight
  NCCL_CHECK(ncclCommDestroy(comm));      // warns: nccl-destroy-in-flight
}

// case: waited_on_one_path
void WaitSometimes(bool wait, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  if (wait) CUDA_CHECK(cudaStreamSynchronize(stream));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: waited_for_another_stream
void WaitForTheOther(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t copies) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(copies));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: event_recorded_and_not_waited_for
void RecordAndClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaEventRecord(done, stream));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: loop_of_operations
void BroadcastLayers(float** layers, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < count; i++) NCCL_CHECK(ncclBroadcast(layers[i], layers[i], n, ncclFloat, 0, comm, stream));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: waited_before_the_last_one
void OneAfterTheWait(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: enqueued_by_a_function
void Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
void ReduceThroughFunction(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Reduce(data, n, comm, stream);
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}
