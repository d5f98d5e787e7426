// Written after the check: other shapes of the same truth.
#include "check.h"

struct Parallel {
  ncclComm_t comm;
  cudaStream_t stream;
};

// case: structs_of_two_dimensions
void Step(const Parallel& tensor, const Parallel& data, float* act, float* grads, size_t n) {
  NCCL_CHECK(ncclAllReduce(act, act, n, ncclFloat, ncclSum, tensor.comm, tensor.stream));
  NCCL_CHECK(ncclAllReduce(grads, grads, n, ncclFloat, ncclSum, data.comm, data.stream));  // warns: nccl-concurrent-communicators
}

// case: structs_ordered_by_an_event
void StepOrdered(const Parallel& tensor, const Parallel& data, float* act, float* grads, size_t n, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(act, act, n, ncclFloat, ncclSum, tensor.comm, tensor.stream));
  CUDA_CHECK(cudaEventRecord(done, tensor.stream));
  CUDA_CHECK(cudaStreamWaitEvent(data.stream, done));
  NCCL_CHECK(ncclAllReduce(grads, grads, n, ncclFloat, ncclSum, data.comm, data.stream));
}

// case: loop_over_layers
void Layers(float** act, float** grads, size_t n, int layers, const Parallel& tensor, const Parallel& data) {
  for (int i = 0; i < layers; i++) {
    NCCL_CHECK(ncclAllReduce(act[i], act[i], n, ncclFloat, ncclSum, tensor.comm, tensor.stream));
    NCCL_CHECK(ncclAllReduce(grads[i], grads[i], n, ncclFloat, ncclSum, data.comm, data.stream));  // warns: nccl-concurrent-communicators
  }
}

// case: device_synchronised_between
void StepSynchronised(const Parallel& tensor, const Parallel& data, float* act, float* grads, size_t n) {
  NCCL_CHECK(ncclAllReduce(act, act, n, ncclFloat, ncclSum, tensor.comm, tensor.stream));
  CUDA_CHECK(cudaDeviceSynchronize());
  NCCL_CHECK(ncclAllReduce(grads, grads, n, ncclFloat, ncclSum, data.comm, data.stream));
}
