// Written after the check: other shapes of the same truth.
#include <mpi.h>

#include <chrono>
#include <future>
#include <thread>

#include "check.h"

// case: mpi_wait
void WaitForRequest(MPI_Request* request, float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  MPI_Wait(request, MPI_STATUS_IGNORE);  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: two_levels_of_functions
void Inner(cudaStream_t stream) {
  CUDA_CHECK(cudaStreamSynchronize(stream));
}
void Outer(cudaStream_t stream) {
  Inner(stream);
}
void ReduceDeep(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  Outer(stream);  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: started_not_awaited
std::future<void> StartInGroup(float* a, size_t n, ncclComm_t comm, cudaStream_t stream, void (*work)()) {
  NCCL_CHECK(ncclGroupStart());
  std::future<void> later = std::async(std::launch::async, work);
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  return later;
}

// case: wait_on_the_path_without_a_group
void ReduceOrWait(bool grouped, float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (grouped) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  } else {
    CUDA_CHECK(cudaStreamSynchronize(stream));
  }
}

// case: copy_in_a_lambda_in_the_group
void CopyInLambda(float* a, const float* host, size_t n, ncclComm_t comm, cudaStream_t stream) {
  auto upload = [&] { CUDA_CHECK(cudaMemcpy(a, host, n * sizeof(float), cudaMemcpyHostToDevice)); };
  NCCL_CHECK(ncclGroupStart());
  upload();  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclBroadcast(a, a, n, ncclFloat, 0, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}
