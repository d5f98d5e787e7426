// Several ranks in one process for tests: each has a thread, a device, a stream and a communicator.
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <functional>
#include <vector>

namespace rankle::virtual_nccl::testing {

struct Rank {
  int rank = 0;
  int nranks = 1;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
};

// Runs `body` once for each rank, on a thread each, and joins them.
void OnThreads(int nranks, const std::function<void(int)>& body);

// A communicator over `nranks` threads; destroyed (and its streams) with this object.
class World {
 public:
  explicit World(int nranks);
  ~World();
  // Runs `body` for each rank and waits for its stream afterwards.
  void Run(const std::function<void(Rank&)>& body);
  Rank& operator[](int rank) { return ranks_[rank]; }
  // The communicators are gone already (aborted).
  void Forget() { forgotten_ = true; }

 private:
  std::vector<Rank> ranks_;
  bool forgotten_ = false;
};

}  // namespace rankle::virtual_nccl::testing
