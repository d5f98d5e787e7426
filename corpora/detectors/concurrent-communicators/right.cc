// Two communicators that are ordered, or have nothing to do with each other.
#include <thread>
#include <vector>

#include "check.h"

// case: synchronised_between
void ReduceOneAfterTheOther(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  CUDA_CHECK(cudaStreamSynchronize(s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));
}

// case: one_group
void ReduceInOneGroup(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));
  NCCL_CHECK(ncclGroupEnd());
}

// case: other_devices
void ReduceOnTwoDevices(float* a, float* b, size_t n, ncclComm_t* comms, cudaStream_t* streams) {
  NCCL_CHECK(ncclGroupStart());
  CUDA_CHECK(cudaSetDevice(0));
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comms[0], streams[0]));
  CUDA_CHECK(cudaSetDevice(1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comms[1], streams[1]));
  NCCL_CHECK(ncclGroupEnd());
}

// case: one_communicator_two_streams
void OneCommunicator(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t s1, cudaStream_t s2) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, s2));
}

// case: either_or
void ReduceEither(bool tensor_parallel, float* a, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  if (tensor_parallel) {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  } else {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, data, s2));
  }
}

// case: a_device_for_each_thread
void ReduceDevices(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  std::vector<std::thread> threads;
  for (int i = 0; i < devices; i++) {
    threads.emplace_back([=] {
      CUDA_CHECK(cudaSetDevice(i));
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));
      WaitFor(comms[i], streams[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// case: waited_by_a_function
void ReduceAndWait(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  WaitFor(tensor, s1);
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));
}
