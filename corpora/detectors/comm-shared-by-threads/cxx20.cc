// Joining threads.
// needs: c++20
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

// case: joining_threads
void ReduceInJthreads(float** data, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::jthread> pool;
  for (int i = 0; i < threads; i++) {
    pool.emplace_back([=] {
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-comm-shared-by-threads
    });
  }
}

// case: joining_threads_with_one_mutex
void ReduceInLockedJthreads(float** data, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::mutex mutex;
  std::vector<std::jthread> pool;
  for (int i = 0; i < threads; i++) {
    pool.emplace_back([&, i] {
      const std::scoped_lock lock(mutex);
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    });
  }
}
