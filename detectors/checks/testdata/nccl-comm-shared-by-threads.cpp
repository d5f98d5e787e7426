#include <nccl.h>

#include <future>
#include <mutex>
#include <thread>
#include <vector>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()
#define REDUCE(a, comm, stream) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream))

void InALoop(float** a, int n, ncclComm_t comm, cudaStream_t stream) {
  std::vector<std::thread> pool;
  for (int i = 0; i < n; ++i) {
    pool.emplace_back([=] { REDUCE(a[i], comm, stream); });  // warns: nccl-comm-shared-by-threads
  }
  for (auto& thread : pool) thread.join();
}

void BesideTheStarter(float* a, float* b, ncclComm_t comm, cudaStream_t stream) {
  std::future<void> other = std::async(std::launch::async, [=] { REDUCE(a, comm, stream); });
  REDUCE(b, comm, stream);  // warns: nccl-comm-shared-by-threads
  other.get();
}

void Loss(float* a, ncclComm_t comm, cudaStream_t stream) { REDUCE(a, comm, stream); }
void TwoOfAFunction(float* a, float* b, ncclComm_t comm, cudaStream_t stream) {
  std::thread first(Loss, a, comm, stream);
  std::thread second(Loss, b, comm, stream);  // warns: nccl-comm-shared-by-threads
  first.join();
  second.join();
}

void OneEach(float** a, int n, ncclComm_t* comms, cudaStream_t* streams) {
  std::vector<std::thread> pool;
  for (int i = 0; i < n; ++i) {
    ncclComm_t own = comms[i];
    pool.emplace_back([=] { REDUCE(a[i], own, streams[i]); });
  }
  for (auto& thread : pool) thread.join();
}

void OneAfterAnother(float** a, int n, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < n; ++i) {
    std::thread worker([=] { REDUCE(a[i], comm, stream); });
    worker.join();
  }
  for (int i = 0; i < n; ++i) std::async(std::launch::async, [=] { REDUCE(a[i], comm, stream); }).get();
}

void UnderALock(float** a, int n, ncclComm_t comm, cudaStream_t stream, std::mutex& mutex) {
  std::vector<std::thread> pool;
  for (int i = 0; i < n; ++i) {
    pool.emplace_back([=, &mutex] {
      std::scoped_lock lock(mutex);
      REDUCE(a[i], comm, stream);
    });
  }
  for (auto& thread : pool) thread.join();
}

void Watched(float* a, ncclComm_t comm, cudaStream_t stream) {
  std::thread watch([=] {
    ncclResult_t state = ncclSuccess;
    CHECK(ncclCommGetAsyncError(comm, &state));
  });
  REDUCE(a, comm, stream);
  watch.join();
}
