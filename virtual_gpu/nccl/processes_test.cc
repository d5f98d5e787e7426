// Ranks in processes of their own: results, deaths, and what the survivors see.
#include "virtual_gpu/nccl/testing/processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "virtual_gpu/nccl/testing/fake_device.h"

namespace rankle::virtual_nccl::testing {
namespace {

constexpr int kKilled = SIGKILL;

// Exit code 0 when everything holds; else the number of the step that did not.
#define STEP(number, condition) \
  if (!(condition)) return number

ncclComm_t Join(const ProcessRank& self) {
  cudaSetDevice(self.rank);
  ncclComm_t comm = nullptr;
  ncclCommInitRank(&comm, self.nranks, self.id, self.rank);
  return comm;
}

int Sum(ncclComm_t comm, cudaStream_t stream, int value) {
  if (ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, comm, stream) != ncclSuccess) return -1;
  cudaStreamSynchronize(stream);
  return value;
}

ncclResult_t WaitForAsyncError(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  while (state == ncclSuccess) {
    ncclCommGetAsyncError(comm, &state);
    std::this_thread::yield();
  }
  return state;
}

TEST(ProcessesTest, ProcessesReduceTogether) {
  const auto statuses = RunProcesses(4, [](const ProcessRank& self) {
    const ncclComm_t comm = Join(self);
    STEP(1, comm != nullptr);
    std::vector<int> data(1 << 20, self.rank);
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    STEP(2,
         ncclAllReduce(data.data(), data.data(), data.size(), ncclInt, ncclSum, comm, stream) == ncclSuccess);
    cudaStreamSynchronize(stream);
    STEP(3, data == std::vector<int>(1 << 20, 6));
    STEP(4, ncclCommDestroy(comm) == ncclSuccess);
    return 0;
  });
  EXPECT_EQ(statuses, std::vector<int>(4, 0));
}

TEST(ProcessesTest, ADeadPeerIsARemoteErrorAndItsSurvivorsShrink) {
  constexpr int kDead = 2;
  const auto statuses = RunProcesses(4, [](const ProcessRank& self) {
    const ncclComm_t comm = Join(self);
    STEP(1, comm != nullptr);
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    STEP(2, Sum(comm, stream, 1) == 4);
    if (self.rank == kDead) raise(SIGKILL);
    std::vector<float> data(500000, 1);
    STEP(3, ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, comm, stream) ==
                ncclSuccess);
    // The neighbours in the ring see the loss; the rank that is not adjacent just hangs.
    if (self.rank == 1 || self.rank == 3) STEP(4, WaitForAsyncError(comm) == ncclRemoteError);
    STEP(5, cudaStreamQuery(stream) == cudaErrorNotReady);
    int excluded[] = {kDead};
    ncclComm_t smaller = nullptr;
    STEP(6, ncclCommShrink(comm, excluded, 1, &smaller, nullptr, NCCL_SHRINK_ABORT) == ncclSuccess);
    cudaStreamSynchronize(stream);
    STEP(7, Sum(smaller, stream, self.rank) == 4);
    STEP(8, ncclCommDestroy(smaller) == ncclSuccess);
    STEP(9, ncclCommAbort(comm) == ncclSuccess);
    return 0;
  });
  EXPECT_EQ(statuses, (std::vector<int>{0, 0, kKilled, 0}));
}

TEST(ProcessesTest, AProcessExitsWithACollectiveThatHangs) {
  const auto statuses = RunProcesses(2, [](const ProcessRank& self) {
    const ncclComm_t comm = Join(self);
    static int value = 1;
    if (self.rank == 0) {
      STEP(1, ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, comm, nullptr) == ncclSuccess);
    }
    std::exit(0);  // runs destructors and exit handlers
    return 2;
  });
  EXPECT_EQ(statuses, std::vector<int>(2, 0));
}

TEST(ProcessesTest, LastMessagesArriveThoughTheSenderDestroysAtOnce) {
  const auto statuses = RunProcesses(2, [](const ProcessRank& self) {
    const ncclComm_t comm = Join(self);
    std::vector<char> data(8 << 20, static_cast<char>(self.rank == 0 ? 7 : 0));
    if (self.rank == 0) {
      ncclSend(data.data(), data.size(), ncclInt8, 1, comm, nullptr);
    } else {
      ncclRecv(data.data(), data.size(), ncclInt8, 0, comm, nullptr);
      cudaStreamSynchronize(nullptr);
      STEP(1, data == std::vector<char>(8 << 20, 7));
    }
    STEP(2, ncclCommDestroy(comm) == ncclSuccess);
    return 0;
  });
  EXPECT_EQ(statuses, std::vector<int>(2, 0));
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing
