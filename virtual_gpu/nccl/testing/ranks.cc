#include "virtual_gpu/nccl/testing/ranks.h"

#include <thread>

#include "virtual_gpu/nccl/testing/fake_device.h"

namespace rankle::virtual_nccl::testing {

void OnThreads(int nranks, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int rank = 0; rank < nranks; ++rank) {
    threads.emplace_back([&body, rank] {
      cudaSetDevice(rank);
      body(rank);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

World::World(int nranks) : ranks_(nranks) {
  ncclUniqueId id;
  ncclGetUniqueId(&id);
  OnThreads(nranks, [&](int rank) {
    ranks_[rank].rank = rank;
    ranks_[rank].nranks = nranks;
    cudaStreamCreate(&ranks_[rank].stream);
    ncclCommInitRank(&ranks_[rank].comm, nranks, id, rank);
  });
}

World::~World() {
  OnThreads(static_cast<int>(ranks_.size()), [&](int rank) {
    if (!forgotten_) ncclCommDestroy(ranks_[rank].comm);
    cudaStreamDestroy(ranks_[rank].stream);
  });
}

void World::Run(const std::function<void(Rank&)>& body) {
  OnThreads(static_cast<int>(ranks_.size()), [&](int rank) {
    body(ranks_[rank]);
    cudaStreamSynchronize(ranks_[rank].stream);
  });
}

}  // namespace rankle::virtual_nccl::testing
