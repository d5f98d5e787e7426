// Profiler plugins of every ABI version are called as NCCL calls them. Run once for each version with
// NCCL_PROFILER_PLUGIN set by the build (a process loads one plugin).
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "virtual_gpu/nccl/testing/profiler_plugin.h"
#include "virtual_gpu/nccl/testing/ranks.h"

namespace rankle::virtual_nccl::testing {
namespace {

enum Bit {
  kGroup,
  kColl,
  kP2p,
  kProxyOp,
  kProxyStep,
  kProxyCtrl,
  kKernelCh,
  kNet,
  kGroupApi,
  kCollApi,
  kP2pApi,
  kLaunch
};

PluginReport Report() {
  void* const library = dlopen(std::getenv("NCCL_PROFILER_PLUGIN"), RTLD_NOW);
  return reinterpret_cast<PluginReport (*)()>(dlsym(library, "rankleTestPluginReport"))();
}

TEST(ProfilerTest, EventsNestAndAllStop) {
  const int version = std::atoi(std::getenv("RANKLE_TEST_PLUGIN_VERSION"));
  constexpr int kRanks = 3;
  {
    World world(kRanks);
    world.Run([](Rank& rank) {
      std::vector<float> data(100000, 1);
      std::vector<float> other(100000, 1);
      for (int i = 0; i < 2; ++i) {
        ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, rank.comm, rank.stream);
      }
      ncclGroupStart();
      ncclSend(data.data(), 10, ncclFloat, (rank.rank + 1) % kRanks, rank.comm, rank.stream);
      ncclRecv(other.data(), 10, ncclFloat, (rank.rank + 2) % kRanks, rank.comm, rank.stream);
      ncclGroupEnd();
      cudaStreamSynchronize(rank.stream);
    });
  }
  const PluginReport seen = Report();
  EXPECT_EQ(seen.version, version);
  EXPECT_EQ(seen.inits, kRanks);
  EXPECT_EQ(seen.finalized, kRanks);
  EXPECT_EQ(seen.nranks, version >= 4 ? kRanks : 0);
  EXPECT_EQ(seen.wrong_parents, 0);
  EXPECT_EQ(seen.started[kColl], 2 * kRanks);
  EXPECT_EQ(seen.started[kP2p], 2 * kRanks);
  EXPECT_EQ(seen.started[kGroup], 3 * kRanks);
  // Two channels in two directions for each all-reduce, one flow for each send and receive.
  EXPECT_EQ(seen.started[kProxyOp], kRanks * (2 * 4 + 2));
  EXPECT_GT(seen.started[kProxyStep], seen.started[kProxyOp]);
  EXPECT_EQ(seen.started[kKernelCh], version >= 3 ? kRanks * (2 * 2 + 2) : 0);
  EXPECT_EQ(seen.started[kGroupApi], version >= 5 ? 3 * kRanks : 0);
  EXPECT_EQ(seen.started[kCollApi], version >= 5 ? 2 * kRanks : 0);
  EXPECT_EQ(seen.started[kP2pApi], version >= 5 ? 2 * kRanks : 0);
  EXPECT_EQ(seen.started[kLaunch], version >= 5 ? 3 * kRanks : 0);
  for (int bit = 0; bit < 16; ++bit) EXPECT_EQ(seen.started[bit], seen.stopped[bit]) << "event bit " << bit;
  EXPECT_EQ(seen.last_count, 100000u);
  EXPECT_EQ(seen.last_sequence, 1u);
  if (version >= 2) {
    EXPECT_STREQ(seen.last_function, "AllReduce");
    EXPECT_STREQ(seen.last_datatype, "ncclFloat32");
  }
  constexpr int kSendDone = 3;
  constexpr int kInProgress = 19;
  EXPECT_EQ(seen.states[kInProgress], version >= 4 ? seen.started[kProxyOp] : 0);
  EXPECT_EQ(seen.states[kSendDone], version >= 4 ? 0 : seen.started[kProxyOp] / 2);
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing
