// Somebody has waited, or nothing was under way.
#include "check.h"

// case: device_synchronise
void WaitForDevice(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaDeviceSynchronize());
  CUDA_CHECK(cudaStreamDestroy(stream));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: event_synchronise
void WaitForEvent(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaEventRecord(done, stream));
  CUDA_CHECK(cudaEventSynchronize(done));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: polling_loop
void PollAndClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  while (cudaStreamQuery(stream) == cudaErrorNotReady) {
    ncclResult_t state = ncclSuccess;
    NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
    if (state != ncclSuccess) std::abort();
  }
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: function_that_waits
void WaitAndClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: aborted_on_error
bool AbortOnError(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) != ncclSuccess) {
    NCCL_CHECK(ncclCommAbort(comm));
    return false;
  }
  return true;
}

// case: other_communicator
void CloseTheIdle(float* data, size_t n, ncclComm_t busy, ncclComm_t idle, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, busy, stream));
  NCCL_CHECK(ncclCommDestroy(idle));
}

// case: other_stream
void CloseTheIdleStream(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaStream_t unused) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamDestroy(unused));
}

// case: waited_on_both_paths
void WaitEitherWay(bool poll, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  if (poll) {
    WaitFor(comm, stream);
  } else {
    CUDA_CHECK(cudaStreamSynchronize(stream));
  }
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: loop_that_waits_each_turn
void ReduceSteps(float* data, size_t n, int steps, ncclComm_t comm, cudaStream_t stream) {
  for (int step = 0; step < steps; step++) {
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
    CUDA_CHECK(cudaStreamSynchronize(stream));
  }
  CUDA_CHECK(cudaStreamDestroy(stream));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: only_waited_for
void CloseAfterWork(ncclComm_t comm, cudaStream_t stream) {
  CUDA_CHECK(cudaStreamSynchronize(stream));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: stream_after_finalise
void FinalizeFirst(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclCommFinalize(comm));
  NCCL_CHECK(ncclCommDestroy(comm));
  CUDA_CHECK(cudaStreamDestroy(stream));
}
