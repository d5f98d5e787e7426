// One communicator in several hands.
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

// case: two_threads
void ReduceInTwo(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  std::thread first([=] { NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream)); });
  std::thread second([=] { NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream)); });  // warns: nccl-comm-shared-by-threads
  first.join();
  second.join();
}

// case: thread_and_main
void ReduceBesideThread(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  std::thread other([=] { NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream)); });
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-comm-shared-by-threads
  other.join();
}

// case: futures
void ReduceInFutures(float** data, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::future<ncclResult_t>> results;
  for (int i = 0; i < count; i++) {
    results.push_back(std::async(std::launch::async, [=] {
      return ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream);  // warns: nccl-comm-shared-by-threads
    }));
  }
  for (std::future<ncclResult_t>& result : results) NCCL_CHECK(result.get());
}

// case: a_mutex_for_each_thread
void ReduceWithOwnMutexes(float** data, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; i++) {
    pool.emplace_back([=] {
      std::mutex mutex;
      std::lock_guard<std::mutex> lock(mutex);
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-comm-shared-by-threads
    });
  }
  for (std::thread& thread : pool) thread.join();
}

// case: function_of_each_thread
void Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
void ReduceByFunction(float** data, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; i++) pool.emplace_back(Reduce, data[i], n, comm, stream);  // warns: nccl-comm-shared-by-threads
  for (std::thread& thread : pool) thread.join();
}
