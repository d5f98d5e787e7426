// Sends and receives: grouped ones progress together, ungrouped ones block their stream, order holds per pair
// of ranks.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "virtual_gpu/nccl/testing/fake_device.h"
#include "virtual_gpu/nccl/testing/ranks.h"

namespace rankle::virtual_nccl::testing {
namespace {

std::vector<int> Filled(size_t count, int value) { return std::vector<int>(count, value); }

class ExchangeTest : public ::testing::TestWithParam<size_t> {};

TEST_P(ExchangeTest, EveryRankExchangesWithEveryRank) {
  constexpr int kRanks = 5;
  World world(kRanks);
  world.Run([](Rank& rank) {
    std::vector<std::vector<int>> out;
    std::vector<std::vector<int>> in(kRanks, Filled(GetParam(), -1));
    for (int peer = 0; peer < kRanks; ++peer) out.push_back(Filled(GetParam(), rank.rank * 10 + peer));
    ASSERT_EQ(ncclGroupStart(), ncclSuccess);
    for (int peer = 0; peer < kRanks; ++peer) {
      ASSERT_EQ(ncclSend(out[peer].data(), GetParam(), ncclInt, peer, rank.comm, rank.stream), ncclSuccess);
      ASSERT_EQ(ncclRecv(in[peer].data(), GetParam(), ncclInt, peer, rank.comm, rank.stream), ncclSuccess);
    }
    ASSERT_EQ(ncclGroupEnd(), ncclSuccess);
    cudaStreamSynchronize(rank.stream);
    for (int peer = 0; peer < kRanks; ++peer) ASSERT_EQ(in[peer], Filled(GetParam(), peer * 10 + rank.rank));
  });
}
INSTANTIATE_TEST_SUITE_P(Sizes, ExchangeTest, ::testing::Values(0, 1, 1000, 65537, 1500000));

TEST(PointToPointTest, LargeRingPassesThroughRanksThatAreNotGrouped) {
  // Rank 0 groups a send to 1 with a receive from 2; 1 and 2 forward one after the other.
  constexpr size_t kCount = 3 << 20;
  World world(3);
  world.Run([](Rank& rank) {
    std::vector<int> data(kCount, rank.rank == 0 ? 7 : -1);
    std::vector<int> back(kCount, -1);
    if (rank.rank == 0) {
      ncclGroupStart();
      ncclSend(data.data(), kCount, ncclInt, 1, rank.comm, rank.stream);
      ncclRecv(back.data(), kCount, ncclInt, 2, rank.comm, rank.stream);
      ncclGroupEnd();
    } else {
      ncclRecv(data.data(), kCount, ncclInt, rank.rank - 1, rank.comm, rank.stream);
      ncclSend(data.data(), kCount, ncclInt, (rank.rank + 1) % 3, rank.comm, rank.stream);
    }
    cudaStreamSynchronize(rank.stream);
    if (rank.rank == 0) {
      ASSERT_EQ(back, data);
    }
  });
}

TEST(PointToPointTest, MessagesBetweenTwoRanksArriveInOrder) {
  World world(2);
  world.Run([](Rank& rank) {
    std::vector<int> values(100, -1);
    if (rank.rank == 0) std::iota(values.begin(), values.end(), 0);
    ncclGroupStart();
    for (int& value : values) {
      if (rank.rank == 0) {
        ncclSend(&value, 1, ncclInt, 1, rank.comm, rank.stream);
      } else {
        ncclRecv(&value, 1, ncclInt, 0, rank.comm, rank.stream);
      }
    }
    ncclGroupEnd();
    cudaStreamSynchronize(rank.stream);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(values[i], i);
  });
}

TEST(PointToPointTest, AGroupOverTwoStreamsOfOneCommunicatorProgressesTogether) {
  World world(2);
  world.Run([](Rank& rank) {
    cudaStream_t second;
    cudaStreamCreate(&second);
    std::vector<int> out(100000, rank.rank);
    std::vector<int> in(100000, -1);
    ncclGroupStart();
    ncclSend(out.data(), out.size(), ncclInt, 1 - rank.rank, rank.comm, rank.stream);
    ncclRecv(in.data(), in.size(), ncclInt, 1 - rank.rank, rank.comm, second);
    ncclGroupEnd();
    cudaStreamSynchronize(second);
    ASSERT_EQ(in, Filled(100000, 1 - rank.rank));
    cudaStreamDestroy(second);
  });
}

TEST(PointToPointTest, ACapturedGroupRunsAtEachReplay) {
  World world(2);
  world.Run([](Rank& rank) {
    int total = rank.rank + 1;
    BeginCapture(rank.stream);
    ASSERT_EQ(ncclAllReduce(&total, &total, 1, ncclInt, ncclSum, rank.comm, rank.stream), ncclSuccess);
    EXPECT_EQ(total, rank.rank + 1);
    ReplayCapture(rank.stream, 3);
    EXPECT_EQ(total, 12);
  });
}

TEST(PointToPointTest, AMessageToOneselfNeedsItsOtherHalf) {
  World world(1);
  world.Run([](Rank& rank) {
    int value = 5;
    EXPECT_EQ(ncclSend(&value, 1, ncclInt, 0, rank.comm, rank.stream), ncclInvalidUsage);
    EXPECT_STREQ(ncclGetLastError(rank.comm), "Trying to send to self without a matching recv");
  });
}

TEST(PointToPointTest, ShorterReceiveGetsWrongDataAndDoesNotCrash) {
  World world(2);
  world.Run([](Rank& rank) {
    std::vector<int> data(1000, rank.rank);
    if (rank.rank == 0) {
      ncclSend(data.data(), 1000, ncclInt, 1, rank.comm, rank.stream);
    } else {
      ncclRecv(data.data(), 10, ncclInt, 0, rank.comm, rank.stream);
    }
    cudaStreamSynchronize(rank.stream);
    if (rank.rank == 1) {
      EXPECT_EQ(data[9], 0);
      EXPECT_EQ(data[10], 1);
    }
  });
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing
