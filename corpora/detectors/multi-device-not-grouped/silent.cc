// Loops with communicators that are no multi-device collective, or are grouped.
#include <thread>
#include <vector>

#include "check.h"

// case: init_in_group
void InitAll(int devices, ncclUniqueId id, ncclComm_t* comms) {
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    NCCL_CHECK(ncclCommInitRank(&comms[i], devices, id, i));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: init_all
void InitAtOnce(int devices, std::vector<ncclComm_t>& comms) {
  comms.resize(devices);
  NCCL_CHECK(ncclCommInitAll(comms.data(), devices, nullptr));
}

// case: destroy_loop
void DestroyAll(std::vector<ncclComm_t>& comms) {
  for (ncclComm_t comm : comms) NCCL_CHECK(ncclCommDestroy(comm));
}

// case: poll_loop
bool AllHealthy(const std::vector<ncclComm_t>& comms) {
  bool healthy = true;
  for (ncclComm_t comm : comms) {
    ncclResult_t state = ncclSuccess;
    NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
    healthy &= state == ncclSuccess;
  }
  return healthy;
}

// case: loop_over_buckets
void ReduceBuckets(float** buckets, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < count; i++) NCCL_CHECK(ncclAllReduce(buckets[i], buckets[i], n, ncclFloat, ncclSum, comm, stream));
}

// case: a_thread_for_each_device
void ReduceInThreads(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
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

// case: parallel_dimensions_of_one_device
struct Dimension {
  ncclComm_t comm;
  float* partial;
};
void ReduceOverDimensions(const std::vector<Dimension>& dimensions, size_t n, cudaStream_t stream) {
  for (const Dimension& dimension : dimensions) {
    NCCL_CHECK(ncclAllReduce(dimension.partial, dimension.partial, n, ncclFloat, ncclSum, dimension.comm, stream));
  }
}

// case: query_ranks
void Ranks(const ncclComm_t* comms, int devices, int* ranks) {
  for (int i = 0; i < devices; i++) NCCL_CHECK(ncclCommUserRank(comms[i], &ranks[i]));
}

// case: one_of_the_array
void ReduceOnMine(float** data, size_t n, int mine, ncclComm_t* comms, cudaStream_t* streams, int steps) {
  for (int step = 0; step < steps; step++) {
    NCCL_CHECK(ncclAllReduce(data[mine], data[mine], n, ncclFloat, ncclSum, comms[mine], streams[mine]));
  }
}

// case: group_around_two_loops
void ReduceLayersOnAll(float*** data, size_t n, int layers, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  NCCL_CHECK(ncclGroupStart());
  for (int layer = 0; layer < layers; layer++) {
    for (int i = 0; i < devices; i++) {
      NCCL_CHECK(ncclAllReduce(data[layer][i], data[layer][i], n, ncclFloat, ncclSum, comms[i], streams[i]));
    }
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: synchronise_loop
void WaitForAll(int devices, ncclComm_t* comms, cudaStream_t* streams) {
  for (int i = 0; i < devices; i++) WaitFor(comms[i], streams[i]);
}
