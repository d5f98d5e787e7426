// Rank conditions in C++20 code.
// needs: c++20
#include <span>

#include "check.h"

struct Job {
  int rank = 0;
  int size = 1;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
};

// case: if_with_initialiser
void ReduceOnLeader(const Job& job, std::span<float> data) {
  if (const bool leader = job.rank == 0; leader) [[unlikely]] {
    NCCL_CHECK(ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, job.comm, job.stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: designated_initialiser_and_lambda
void ReduceInJob(int rank, int size, ncclComm_t comm, cudaStream_t stream, std::span<float> data) {
  const Job job{.rank = rank, .size = size, .comm = comm, .stream = stream};
  const auto reduce = [&job]<class T>(std::span<T> values) {
    if (job.size == 1) return;
    NCCL_CHECK(ncclAllReduce(values.data(), values.data(), values.size(), ncclFloat, ncclSum, job.comm, job.stream));
  };
  reduce(data);
}

// case: structured_binding
void BroadcastByBinding(const Job& job, std::span<float> data) {
  const auto& [rank, size, comm, stream] = job;
  if (rank + 1 != size) return;
  NCCL_CHECK(ncclBroadcast(data.data(), data.data(), data.size(), ncclFloat, 0, comm, stream));  // warns: nccl-rank-dependent-collective
}
