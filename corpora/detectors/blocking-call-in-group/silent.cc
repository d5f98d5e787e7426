// Calls between the start and the end of a group that do not block, and blocking calls that are not there.
#include <mpi.h>

#include <functional>
#include <mutex>
#include <thread>

#include "check.h"

// case: events_in_group
void OrderStreams(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t s1, cudaStream_t s2, cudaEvent_t ready) {
  NCCL_CHECK(ncclGroupStart());
  CUDA_CHECK(cudaEventRecord(ready, s2));
  CUDA_CHECK(cudaStreamWaitEvent(s1, ready, 0));
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, s1));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, s1));
  NCCL_CHECK(ncclGroupEnd());
}

// case: asynchronous_copy
void UploadAsync(float* a, const float* host, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  CUDA_CHECK(cudaMemcpyAsync(a, host, n * sizeof(float), cudaMemcpyHostToDevice, stream));
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: stream_ordered_allocation
void AllocateAsync(float** a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  CUDA_CHECK(cudaMallocAsync(a, n * sizeof(float), stream));
  NCCL_CHECK(ncclBroadcast(*a, *a, n, ncclFloat, 0, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: query_in_group
void QueryInGroup(float* a, size_t n, ncclComm_t comm, cudaStream_t stream, bool* idle) {
  NCCL_CHECK(ncclGroupStart());
  *idle = cudaStreamQuery(stream) == cudaSuccess;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: lambda_for_later
std::function<void()> ReduceAndReturnWait(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  std::function<void()> wait = [stream] { CUDA_CHECK(cudaStreamSynchronize(stream)); };
  NCCL_CHECK(ncclGroupEnd());
  return wait;
}

// case: correlated_end_before_the_wait
void ReduceMaybeGrouped(int buckets, float** data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (buckets > 1) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < buckets; i++) NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
  if (buckets > 1) NCCL_CHECK(ncclGroupEnd());
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

// case: wait_before_the_group
void WaitThenReduce(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  CUDA_CHECK(cudaStreamSynchronize(stream));
  MPI_Barrier(MPI_COMM_WORLD);
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: scope_ends_before_the_wait
class Group {
 public:
  Group() { NCCL_CHECK(ncclGroupStart()); }
  ~Group() { NCCL_CHECK(ncclGroupEnd()); }
};
void ReduceInScopeThenWait(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  {
    Group group;
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  }
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

// case: own_member_named_wait
struct Batch {
  void wait() { waiting = true; }
  bool waiting = false;
};
void NamesAlone(Batch& batch, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  batch.wait();
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: loop_of_groups
void ReduceBatches(float** data, size_t n, int batches, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < batches; i++) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
    CUDA_CHECK(cudaStreamSynchronize(stream));
  }
}

// case: nonblocking_mpi
void PostInGroup(int* size, float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream, MPI_Request* request) {
  NCCL_CHECK(ncclGroupStart());
  MPI_Irecv(size, 1, MPI_INT, peer, 0, MPI_COMM_WORLD, request);
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}
