// Life of communicators: creation in all its forms, split, shrink, abort, revoke, errors, argument checks.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "virtual_gpu/nccl/testing/fake_device.h"
#include "virtual_gpu/nccl/testing/ranks.h"

namespace rankle::virtual_nccl::testing {
namespace {

// Long enough for a stream to have got anywhere it can get to without its peers.
void LetStreamsRun() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

int Sum(ncclComm_t comm, cudaStream_t stream, int value) {
  EXPECT_EQ(ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, comm, stream), ncclSuccess);
  cudaStreamSynchronize(stream);
  return value;
}

ncclResult_t WaitReady(ncclComm_t comm) {
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) {
    EXPECT_EQ(ncclCommGetAsyncError(comm, &state), ncclSuccess);
    std::this_thread::yield();
  }
  return state;
}

TEST(CommunicatorTest, KnowsItsRankSizeAndDevice) {
  World world(3);
  world.Run([](Rank& rank) {
    int value = -1;
    EXPECT_EQ(ncclCommUserRank(rank.comm, &value), ncclSuccess);
    EXPECT_EQ(value, rank.rank);
    EXPECT_EQ(ncclCommCount(rank.comm, &value), ncclSuccess);
    EXPECT_EQ(value, 3);
    EXPECT_EQ(ncclCommCuDevice(rank.comm, &value), ncclSuccess);
    EXPECT_EQ(value, rank.rank);
  });
}

TEST(CommunicatorTest, InitAllMakesOneForEachDeviceInOneThread) {
  constexpr int kDevices = 4;
  std::vector<ncclComm_t> comms(kDevices);
  ASSERT_EQ(ncclCommInitAll(comms.data(), kDevices, nullptr), ncclSuccess);
  std::vector<int> values(kDevices, 1);
  ASSERT_EQ(ncclGroupStart(), ncclSuccess);
  for (int i = 0; i < kDevices; ++i) {
    ASSERT_EQ(ncclAllReduce(&values[i], &values[i], 1, ncclInt, ncclSum, comms[i], nullptr), ncclSuccess);
  }
  ASSERT_EQ(ncclGroupEnd(), ncclSuccess);
  for (int i = 0; i < kDevices; ++i) {
    cudaSetDevice(i);
    cudaStreamSynchronize(nullptr);
    EXPECT_EQ(values[i], kDevices);
    EXPECT_EQ(ncclCommDestroy(comms[i]), ncclSuccess);
  }
  cudaSetDevice(0);
}

TEST(CommunicatorTest, SplitOrdersByKeyAndLeavesOutNoColor) {
  World world(6);
  world.Run([](Rank& rank) {
    ncclComm_t child = nullptr;
    const int color = rank.rank == 5 ? NCCL_SPLIT_NOCOLOR : rank.rank % 2;
    ASSERT_EQ(ncclCommSplit(rank.comm, color, -rank.rank, &child, nullptr), ncclSuccess);
    if (rank.rank == 5) {
      EXPECT_EQ(child, nullptr);
      return;
    }
    int child_rank = -1;
    int count = -1;
    ncclCommUserRank(child, &child_rank);
    ncclCommCount(child, &count);
    const std::vector<std::vector<int>> order = {{4, 2, 0}, {3, 1}};
    ASSERT_EQ(count, static_cast<int>(order[color].size()));
    EXPECT_EQ(order[color][child_rank], rank.rank);
    EXPECT_EQ(Sum(child, rank.stream, rank.rank), color == 0 ? 6 : 4);
    EXPECT_EQ(ncclCommDestroy(child), ncclSuccess);
  });
}

TEST(CommunicatorTest, ParentAndChildrenWorkSideBySideOnTheirOwnStreams) {
  World world(4);
  world.Run([](Rank& rank) {
    ncclComm_t child = nullptr;
    ASSERT_EQ(ncclCommSplit(rank.comm, rank.rank / 2, rank.rank, &child, nullptr), ncclSuccess);
    cudaStream_t second;
    cudaStreamCreate(&second);
    std::vector<int> on_parent(50, 1);
    std::vector<int> on_child(50, 1);
    for (int i = 0; i < 50; ++i) {
      ncclAllReduce(&on_parent[i], &on_parent[i], 1, ncclInt, ncclSum, rank.comm, rank.stream);
      ncclAllReduce(&on_child[i], &on_child[i], 1, ncclInt, ncclSum, child, second);
    }
    cudaStreamSynchronize(rank.stream);
    cudaStreamSynchronize(second);
    EXPECT_EQ(on_parent, std::vector<int>(50, 4));
    EXPECT_EQ(on_child, std::vector<int>(50, 2));
    ncclCommDestroy(child);
    cudaStreamDestroy(second);
  });
}

TEST(CommunicatorTest, OperationsOnTwoStreamsRunInTheOrderTheyWereCalled) {
  World world(2);
  world.Run([](Rank& rank) {
    cudaStream_t second;
    cudaStreamCreate(&second);
    std::vector<int> values(100, 1);
    for (int i = 0; i < 100; ++i) {
      ncclAllReduce(&values[i], &values[i], 1, ncclInt, i % 3 == 0 ? ncclProd : ncclSum, rank.comm,
                    i % 2 == 0 ? rank.stream : second);
    }
    cudaStreamSynchronize(second);
    cudaStreamSynchronize(rank.stream);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(values[i], i % 3 == 0 ? 1 : 2);
    cudaStreamDestroy(second);
  });
}

TEST(CommunicatorTest, NonBlockingInitIsInProgressUntilAllHaveCome) {
  ncclUniqueId id;
  ASSERT_EQ(ncclGetUniqueId(&id), ncclSuccess);
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t first = nullptr;
  ASSERT_EQ(ncclCommInitRankConfig(&first, 2, id, 0, &config), ncclInProgress);
  ASSERT_NE(first, nullptr);
  int value = 0;
  EXPECT_EQ(ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, first, nullptr), ncclInvalidArgument);
  ncclResult_t state = ncclSuccess;
  EXPECT_EQ(ncclCommGetAsyncError(first, &state), ncclSuccess);
  EXPECT_EQ(state, ncclInProgress);
  cudaSetDevice(1);
  ncclComm_t second = nullptr;
  ASSERT_EQ(ncclCommInitRankConfig(&second, 2, id, 1, &config), ncclInProgress);
  cudaSetDevice(0);
  EXPECT_EQ(WaitReady(first), ncclSuccess);
  EXPECT_EQ(WaitReady(second), ncclSuccess);
  EXPECT_EQ(ncclCommFinalize(first), ncclInProgress);
  EXPECT_EQ(WaitReady(first), ncclSuccess);
  EXPECT_EQ(ncclCommDestroy(first), ncclSuccess);
  EXPECT_EQ(ncclCommDestroy(second), ncclSuccess);
}

TEST(CommunicatorTest, AbortEndsAnInitThatNobodyElseJoins) {
  ncclUniqueId id;
  ncclGetUniqueId(&id);
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t comm = nullptr;
  ASSERT_EQ(ncclCommInitRankConfig(&comm, 2, id, 0, &config), ncclInProgress);
  EXPECT_EQ(ncclCommAbort(comm), ncclSuccess);
}

TEST(CommunicatorTest, AbortReleasesACollectiveThatHangs) {
  World world(3);
  world.Run([](Rank& rank) {
    if (rank.rank == 2) return;
    std::vector<float> data(100000, 1);
    ASSERT_EQ(
        ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, rank.comm, rank.stream),
        ncclSuccess);
    LetStreamsRun();
    EXPECT_EQ(cudaStreamQuery(rank.stream), cudaErrorNotReady);
    EXPECT_EQ(ncclCommAbort(rank.comm), ncclSuccess);
    EXPECT_EQ(cudaStreamSynchronize(rank.stream), cudaSuccess);
  });
  EXPECT_EQ(ncclCommAbort(world[2].comm), ncclSuccess);
  world.Forget();
}

TEST(CommunicatorTest, MismatchedCollectivesHangAndCanBeAborted) {
  World world(2);
  world.Run([](Rank& rank) {
    std::vector<float> data(200000, 1);
    if (rank.rank == 0) {
      ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, rank.comm, rank.stream);
    } else {
      ncclAllReduce(data.data(), data.data(), 3, ncclFloat, ncclSum, rank.comm, rank.stream);
    }
    LetStreamsRun();
    EXPECT_EQ(cudaStreamQuery(rank.stream), cudaErrorNotReady);
    ncclResult_t state = ncclInternalError;
    EXPECT_EQ(ncclCommGetAsyncError(rank.comm, &state), ncclSuccess);
    EXPECT_EQ(state, ncclSuccess);
    LetStreamsRun();
    ncclCommAbort(rank.comm);
    cudaStreamSynchronize(rank.stream);
  });
  world.Forget();
}

TEST(CommunicatorTest, APeerThatAbortsShowsAsRemoteErrorAndTheStreamStaysBlocked) {
  World world(2);
  ncclCommAbort(world[1].comm);
  int value = 1;
  ASSERT_EQ(ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, world[0].comm, world[0].stream), ncclSuccess);
  ncclResult_t state = ncclSuccess;
  while (state == ncclSuccess) ncclCommGetAsyncError(world[0].comm, &state);
  EXPECT_EQ(state, ncclRemoteError);
  EXPECT_EQ(cudaStreamQuery(world[0].stream), cudaErrorNotReady);
  EXPECT_EQ(ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, world[0].comm, world[0].stream),
            ncclRemoteError);
  EXPECT_EQ(ncclCommAbort(world[0].comm), ncclSuccess);
  EXPECT_EQ(cudaStreamSynchronize(world[0].stream), cudaSuccess);
  world.Forget();
}

TEST(CommunicatorTest, ShrinkWithAbortLeavesAHungParentBehind) {
  World world(4);
  world.Run([](Rank& rank) {
    if (rank.rank == 1) return;
    std::vector<float> data(300000, 1);
    ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, rank.comm, rank.stream);
    LetStreamsRun();
    int excluded[] = {1};
    ncclComm_t smaller = nullptr;
    ASSERT_EQ(ncclCommShrink(rank.comm, excluded, 1, &smaller, nullptr, NCCL_SHRINK_ABORT), ncclSuccess);
    cudaStreamSynchronize(rank.stream);
    int count = 0;
    ncclCommCount(smaller, &count);
    EXPECT_EQ(count, 3);
    EXPECT_EQ(Sum(smaller, rank.stream, rank.rank), 5);
    EXPECT_EQ(ncclAllReduce(data.data(), data.data(), 1, ncclFloat, ncclSum, rank.comm, rank.stream),
              ncclInvalidUsage);
    EXPECT_EQ(ncclCommDestroy(smaller), ncclSuccess);
  });
}

TEST(CommunicatorTest, RevokeStopsWorkAndStillAllowsSplit) {
  World world(2);
  world.Run([](Rank& rank) {
    int value = 1;
    if (rank.rank == 0) ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, rank.comm, rank.stream);
    LetStreamsRun();
    EXPECT_EQ(ncclCommRevoke(rank.comm, 1), ncclInvalidArgument);
    ASSERT_EQ(ncclCommRevoke(rank.comm, NCCL_REVOKE_DEFAULT), ncclSuccess);
    cudaStreamSynchronize(rank.stream);
    EXPECT_EQ(ncclCommFinalize(rank.comm), ncclInvalidUsage);
    ncclComm_t child = nullptr;
    ASSERT_EQ(ncclCommSplit(rank.comm, 0, rank.rank, &child, nullptr), ncclSuccess);
    EXPECT_EQ(Sum(child, rank.stream, 1), 2);
    ncclCommDestroy(child);
  });
}

TEST(CommunicatorTest, DestroyedCommunicatorsAreRefusedNotDereferenced) {
  World world(1);
  ASSERT_EQ(ncclCommDestroy(world[0].comm), ncclSuccess);
  world.Forget();
  EXPECT_EQ(ncclCommDestroy(world[0].comm), ncclInvalidArgument);
  int count = 0;
  EXPECT_EQ(ncclCommCount(world[0].comm, &count), ncclInvalidArgument);
  EXPECT_EQ(ncclCommDestroy(nullptr), ncclSuccess);
}

TEST(CommunicatorTest, DuplicateDevicesAreRefused) {
  ncclUniqueId id;
  ncclGetUniqueId(&id);
  OnThreads(2, [&](int rank) {
    cudaSetDevice(7);
    ncclComm_t comm = nullptr;
    EXPECT_EQ(ncclCommInitRank(&comm, 2, id, rank), ncclInvalidUsage);
    EXPECT_EQ(comm, nullptr);
  });
  EXPECT_EQ(std::string(ncclGetLastError(nullptr)).find("Duplicate GPU detected"), 0u);
}

TEST(CommunicatorTest, ArgumentsAreCheckedInNcclsWords) {
  World world(1);
  ncclComm_t comm = world[0].comm;
  float value = 0;
  EXPECT_EQ(ncclBroadcast(&value, &value, 1, ncclFloat, 1, comm, nullptr), ncclInvalidArgument);
  EXPECT_STREQ(ncclGetLastError(comm), "Broadcast : invalid root 1 (root should be in the 0..1 range)");
  EXPECT_EQ(ncclAllReduce(&value, &value, 1, ncclNumTypes, ncclSum, comm, nullptr), ncclInvalidArgument);
  EXPECT_STREQ(ncclGetLastError(comm), "AllReduce : invalid type 12");
  EXPECT_EQ(ncclAllReduce(nullptr, &value, 1, ncclFloat, ncclSum, comm, nullptr), ncclInvalidArgument);
  EXPECT_EQ(ncclAllReduce(&value, &value, 1, ncclFloat, ncclSum, nullptr, nullptr), ncclInvalidArgument);
  EXPECT_STREQ(ncclGetLastError(comm), "AllReduce : comm argument is NULL");
  EXPECT_EQ(ncclGroupEnd(), ncclInvalidUsage);
  EXPECT_STREQ(ncclGetLastError(comm), "ncclGroupEnd: not in a group call.");
  ncclUniqueId id{};
  ncclComm_t none = nullptr;
  EXPECT_EQ(ncclCommInitRank(&none, 2, id, 2), ncclInvalidArgument);
  EXPECT_STREQ(ncclGetLastError(comm), "Invalid rank requested : 2/2");
  ncclConfig_t config{};
  EXPECT_EQ(ncclCommInitRankConfig(&none, 1, id, 0, &config), ncclInvalidArgument);
}

TEST(CommunicatorTest, AnErrorInAGroupIsReportedAtItsEndAndNothingRuns) {
  World world(1);
  int untouched = 1;
  int doubled = 1;
  ASSERT_EQ(ncclGroupStart(), ncclSuccess);
  EXPECT_EQ(ncclAllReduce(&untouched, &doubled, 1, ncclInt, ncclSum, world[0].comm, world[0].stream),
            ncclSuccess);
  EXPECT_EQ(ncclBroadcast(&untouched, &untouched, 1, ncclInt, 9, world[0].comm, nullptr),
            ncclInvalidArgument);
  EXPECT_EQ(ncclGroupEnd(), ncclInvalidArgument);
  EXPECT_EQ(cudaStreamQuery(world[0].stream), cudaSuccess);
}

TEST(CommunicatorTest, AnOperationThatCannotBeQueuedIsACudaErrorAndDoesNotBlockTheNext) {
  World world(1);
  FailEnqueue(1, cudaErrorLaunchFailure);
  int value = 1;
  EXPECT_EQ(ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, world[0].comm, world[0].stream),
            ncclUnhandledCudaError);
  EXPECT_EQ(Sum(world[0].comm, world[0].stream, 3), 3);
}

TEST(CommunicatorTest, SimulatedGroupsDoNotRun) {
  World world(2);
  int value = 1;
  ncclSimInfo_t info = NCCL_SIM_INFO_INITIALIZER;
  ASSERT_EQ(ncclGroupStart(), ncclSuccess);
  ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, world[0].comm, world[0].stream);
  ASSERT_EQ(ncclGroupSimulateEnd(&info), ncclSuccess);
  EXPECT_GT(info.estimatedTime, 0);
  EXPECT_EQ(cudaStreamQuery(world[0].stream), cudaSuccess);
}

TEST(CommunicatorTest, RegistrationsAreHandlesThatAreKnownUntilReturned) {
  World world(1);
  char buffer[64];
  void* handle = nullptr;
  ASSERT_EQ(ncclCommRegister(world[0].comm, buffer, sizeof buffer, &handle), ncclSuccess);
  EXPECT_NE(handle, nullptr);
  EXPECT_EQ(ncclCommDeregister(world[0].comm, handle), ncclSuccess);
  EXPECT_EQ(ncclCommDeregister(world[0].comm, handle), ncclInvalidUsage);
  ncclWindow_t window = nullptr;
  ASSERT_EQ(ncclCommWindowRegister(world[0].comm, buffer, sizeof buffer, &window, NCCL_WIN_COLL_SYMMETRIC),
            ncclSuccess);
  EXPECT_EQ(ncclCommWindowDeregister(world[0].comm, window), ncclSuccess);
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing
