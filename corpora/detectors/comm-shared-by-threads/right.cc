// One communicator that one thread at a time uses.
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

// case: one_mutex
void ReduceLocked(float** data, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::mutex mutex;
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; i++) {
    pool.emplace_back([&, i] {
      std::lock_guard<std::mutex> lock(mutex);
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    });
  }
  for (std::thread& thread : pool) thread.join();
}

// case: joined_before_the_next
void ReduceInTurn(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  std::thread first([=] { NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream)); });
  first.join();
  std::thread second([=] { NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream)); });
  second.join();
}

// case: one_communication_thread
void ReduceInBackground(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, int* progress) {
  std::thread background([=] { NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream)); });
  *progress = 1;
  background.join();
}

// case: watchdog_only_polls
void ReduceWatched(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  std::atomic<bool> done{false};
  std::thread watchdog([&] {
    while (!done) {
      ncclResult_t state = ncclSuccess;
      NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
      if (state != ncclSuccess) std::abort();
    }
  });
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  done = true;
  watchdog.join();
}

// case: lambda_without_a_thread
void ReduceBuckets(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream) {
  auto reduce = [&](int i) { NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream)); };
  for (int i = 0; i < buckets; i++) reduce(i);
}

// case: own_communicator_of_each_thread
void InitAndReduceInThreads(float** data, size_t n, int devices, ncclUniqueId id, cudaStream_t* streams) {
  std::vector<std::thread> pool;
  for (int i = 0; i < devices; i++) {
    pool.emplace_back([=] {
      ncclComm_t comm;
      CUDA_CHECK(cudaSetDevice(i));
      NCCL_CHECK(ncclCommInitRank(&comm, devices, id, i));
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, streams[i]));
      WaitFor(comm, streams[i]);
      NCCL_CHECK(ncclCommDestroy(comm));
    });
  }
  for (std::thread& thread : pool) thread.join();
}

// case: member_mutex
class Channel {
 public:
  void Start(float** data, size_t n, int threads) {
    for (int i = 0; i < threads; i++) {
      pool_.emplace_back([this, data, n, i] {
        std::unique_lock<std::mutex> lock(mutex_);
        NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm_, stream_));
      });
    }
  }
  void Join() {
    for (std::thread& thread : pool_) thread.join();
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> pool_;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};
