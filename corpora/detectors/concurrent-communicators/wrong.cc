// Communicators of one device that race for it.
#include <thread>

#include "check.h"

// case: two_threads
void ReduceInTwoThreads(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  std::thread first([=] { NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1)); });
  std::thread second([=] { NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2)); });  // warns: nccl-concurrent-communicators
  first.join();
  second.join();
}

// case: event_the_wrong_way_round
void EventTooLate(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));  // warns: nccl-concurrent-communicators
  CUDA_CHECK(cudaEventRecord(done, s1));
  CUDA_CHECK(cudaStreamWaitEvent(s2, done));
}

// case: split_and_parent
void ReduceOnBoth(int rank, float* a, float* b, size_t n, ncclComm_t world, cudaStream_t s1, cudaStream_t s2) {
  ncclComm_t half;
  NCCL_CHECK(ncclCommSplit(world, rank % 2, rank, &half, nullptr));
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, world, s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, half, s2));  // warns: nccl-concurrent-communicators
}

// case: members_of_a_class
class Parallel {
 public:
  void Step(float* activations, float* gradients, size_t n) {
    NCCL_CHECK(ncclAllReduce(activations, activations, n, ncclFloat, ncclSum, tensor_, compute_));
    NCCL_CHECK(ncclAllReduce(gradients, gradients, n, ncclFloat, ncclSum, data_, overlap_));  // warns: nccl-concurrent-communicators
  }

 private:
  ncclComm_t tensor_ = nullptr, data_ = nullptr;
  cudaStream_t compute_ = nullptr, overlap_ = nullptr;
};

// case: point_to_point_beside_a_collective
void SendBesideReduce(const float* act, float* grads, size_t n, int next, ncclComm_t pipe, ncclComm_t data, cudaStream_t s1, cudaStream_t s2) {
  NCCL_CHECK(ncclSend(act, n, ncclFloat, next, pipe, s1));
  NCCL_CHECK(ncclAllReduce(grads, grads, n, ncclFloat, ncclSum, data, s2));  // warns: nccl-concurrent-communicators
}

// case: waited_for_another_event
void WrongEvent(float* a, float* b, size_t n, ncclComm_t tensor, ncclComm_t data, cudaStream_t s1, cudaStream_t s2, cudaStream_t s3, cudaEvent_t done) {
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, tensor, s1));
  CUDA_CHECK(cudaEventRecord(done, s3));
  CUDA_CHECK(cudaStreamWaitEvent(s2, done));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, data, s2));  // warns: nccl-concurrent-communicators
}
