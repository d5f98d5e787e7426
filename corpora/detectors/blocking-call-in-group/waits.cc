// What blocks the host, between the start and the end of a group.
#include <mpi.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "check.h"

// case: device_synchronise
void ReduceThenDevice(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaDeviceSynchronize());  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: event_synchronise
void ReduceThenEvent(float* a, size_t n, ncclComm_t comm, cudaStream_t stream, cudaEvent_t done) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaEventRecord(done, stream));
  CUDA_CHECK(cudaEventSynchronize(done));  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: synchronous_copy
void UploadInGroup(float* a, const float* host, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  CUDA_CHECK(cudaMemcpy(a, host, n * sizeof(float), cudaMemcpyHostToDevice));  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: mpi_barrier
void BarrierInGroup(const float* out, float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  MPI_Barrier(MPI_COMM_WORLD);  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: mpi_recv
void SizeFromPeerInGroup(float* in, int peer, ncclComm_t comm, cudaStream_t stream) {
  int n = 0;
  NCCL_CHECK(ncclGroupStart());
  MPI_Recv(&n, 1, MPI_INT, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: thread_join
void JoinInGroup(std::thread& loader, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  loader.join();  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: future_get
void FutureInGroup(std::future<size_t>& size, float* a, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  const size_t n = size.get();  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: condition_variable
void ConditionInGroup(std::mutex& mutex, std::condition_variable& ready, const bool& full, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  std::unique_lock<std::mutex> lock(mutex);
  ready.wait(lock, [&] { return full; });  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: function_that_blocks
void Flush(cudaStream_t stream) {
  CUDA_CHECK(cudaStreamSynchronize(stream));
}
void FlushInGroup(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  Flush(stream);  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: after_the_inner_end
void NestedThenWait(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  CUDA_CHECK(cudaStreamSynchronize(stream));  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: on_one_path
void WaitSometimes(bool debug, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  if (debug) CUDA_CHECK(cudaStreamSynchronize(stream));  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: scoped_group
class Group {
 public:
  Group() { NCCL_CHECK(ncclGroupStart()); }
  ~Group() { NCCL_CHECK(ncclGroupEnd()); }
};
void WaitInScope(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Group group;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));  // warns: nccl-blocking-call-in-group
}
