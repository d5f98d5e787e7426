// A second thread asks, and ends the process: the wait ends.
#include <nccl.h>

#include <atomic>
#include <cstdlib>
#include <thread>

// case: watchdog_thread
bool ReduceWatched(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  std::atomic<bool> done{false};
  std::thread watchdog([&] {
    ncclResult_t state = ncclSuccess;
    while (!done) {
      if (ncclCommGetAsyncError(comm, &state) != ncclSuccess || state != ncclSuccess) {
        std::abort();
      }
    }
  });
  bool ok = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
  ok &= cudaStreamSynchronize(stream) == cudaSuccess;
  done = true;
  watchdog.join();
  return ok;
}
