// Written after the check: other shapes of the same truth.
#include <map>
#include <memory>
#include <vector>

#include "check.h"

struct Gpu {
  int device = 0;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  float* grads = nullptr;
  void Reduce(size_t n) { NCCL_CHECK(ncclAllReduce(grads, grads, n, ncclFloat, ncclSum, comm, stream)); }
};

// case: pointers_to_structs
void ReduceOwned(const std::vector<std::unique_ptr<Gpu>>& gpus, size_t n) {
  for (const auto& gpu : gpus) {
    CUDA_CHECK(cudaSetDevice(gpu->device));
    NCCL_CHECK(ncclAllReduce(gpu->grads, gpu->grads, n, ncclFloat, ncclSum, gpu->comm, gpu->stream));  // warns: nccl-multi-device-not-grouped
  }
}

// case: iterators
void ReduceMap(std::map<int, Gpu>& gpus, size_t n) {
  for (auto it = gpus.begin(); it != gpus.end(); ++it) {
    NCCL_CHECK(
        ncclReduce(it->second.grads, it->second.grads, n, ncclFloat, ncclSum, 0, it->second.comm, it->second.stream));  // warns: nccl-multi-device-not-grouped
  }
}

// case: method_of_each_device
void ReduceByMethod(std::vector<Gpu>& gpus, size_t n) {
  for (Gpu& gpu : gpus) {
    gpu.Reduce(n);  // warns: nccl-multi-device-not-grouped
  }
}

// case: method_of_each_device_in_a_group
void ReduceByMethodGrouped(std::vector<Gpu>& gpus, size_t n) {
  NCCL_CHECK(ncclGroupStart());
  for (Gpu& gpu : gpus) gpu.Reduce(n);
  NCCL_CHECK(ncclGroupEnd());
}

// case: chunks_on_one_device
void ReduceChunks(Gpu& gpu, size_t n, int chunks) {
  for (int i = 0; i < chunks; i++) {
    NCCL_CHECK(ncclAllReduce(gpu.grads + i * n, gpu.grads + i * n, n, ncclFloat, ncclSum, gpu.comm, gpu.stream));
  }
}

// case: streams_of_one_device_in_turn
void ReduceRoundRobin(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t* streams, int count) {
  for (int i = 0; i < buckets; i++) NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, streams[i % count]));
}

// case: init_per_process_in_a_retry_loop
void InitWithRetry(int ranks, int rank, const ncclUniqueId* ids, int attempts, ncclComm_t* comm) {
  for (int i = 0; i < attempts; i++) {
    if (ncclCommInitRank(comm, ranks, ids[i], rank) == ncclSuccess) return;
  }
}
