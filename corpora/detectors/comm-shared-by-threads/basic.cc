// One communicator, used by several threads at once.
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

// case: pool_of_threads
void ReduceFromThreads(float** data, size_t n, int threads, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; i++) {
    pool.emplace_back([=] {
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-comm-shared-by-threads
    });
  }
  for (std::thread& thread : pool) thread.join();
}

// case: one_communicator_a_thread
void ReduceOneEach(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  std::vector<std::thread> pool;
  for (int i = 0; i < devices; i++) {
    pool.emplace_back([=] {
      CUDA_CHECK(cudaSetDevice(i));
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));
    });
  }
  for (std::thread& thread : pool) thread.join();
}
