// Written after the check: other shapes of the same truth.
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

class Layer {
 public:
  Layer(ncclComm_t comm, cudaStream_t stream) : comm_(comm), stream_(stream) {}
  void Reduce(float* data, size_t n) { NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm_, stream_)); }

  // case: threads_of_an_object
  void ReduceAll(float** data, size_t n, int threads) {
    std::vector<std::thread> pool;
    for (int i = 0; i < threads; i++) {
      pool.emplace_back([this, data, n, i] {
        NCCL_CHECK(ncclBroadcast(data[i], data[i], n, ncclFloat, 0, comm_, stream_));  // warns: nccl-comm-shared-by-threads
      });
    }
    for (std::thread& thread : pool) thread.join();
  }

 private:
  ncclComm_t comm_;
  cudaStream_t stream_;
};

// case: join_inside_the_loop
void ReduceOneByOne(float** data, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < count; i++) {
    std::thread worker([=] { NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream)); });
    worker.join();
  }
}

// case: threads_that_do_not_communicate
void CopyInThreads(float** host, float** device, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; i++) {
    pool.emplace_back([=] { CUDA_CHECK(cudaMemcpyAsync(device[i], host[i], n * sizeof(float), cudaMemcpyHostToDevice, stream)); });
  }
  for (std::thread& thread : pool) thread.join();
  NCCL_CHECK(ncclAllReduce(device[0], device[0], n, ncclFloat, ncclSum, comm, stream));
}
