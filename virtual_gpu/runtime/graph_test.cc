#include <atomic>
#include <thread>

#include "virtual_gpu/engine/device_work.h"
#include "virtual_gpu/runtime/test_support.h"

namespace rankle::vgpu {
namespace {

class GraphTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&branch_, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaEventCreateWithFlags(&fork_, cudaEventDisableTiming));
    ASSERT_CUDA(cudaEventCreateWithFlags(&join_, cudaEventDisableTiming));
  }
  void TearDown() override {
    EXPECT_CUDA(cudaStreamDestroy(stream_));
    EXPECT_CUDA(cudaStreamDestroy(branch_));
    EXPECT_CUDA(cudaEventDestroy(fork_));
    EXPECT_CUDA(cudaEventDestroy(join_));
  }
  static void Count(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

  cudaStream_t stream_ = nullptr, branch_ = nullptr;
  cudaEvent_t fork_ = nullptr, join_ = nullptr;
};

TEST_F(GraphTest, CapturedWorkRunsAtEachLaunchOnly) {
  int* device;
  std::atomic<int> host_runs{0};
  struct Work {
    std::atomic<int> runs{0}, releases{0};
  } work;
  ASSERT_CUDA(cudaMalloc(&device, sizeof(int)));
  ASSERT_CUDA(cudaMemset(device, 0, sizeof(int)));
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  ASSERT_CUDA(cudaMemsetAsync(device, 1, sizeof(int), stream_));
  ASSERT_CUDA(cudaLaunchHostFunc(stream_, Count, &host_runs));
  ASSERT_EQ(0, rankleVgpuEnqueue(
                   stream_, "work", [](void* w) { ++static_cast<Work*>(w)->runs; },
                   [](void* w) { ++static_cast<Work*>(w)->releases; }, &work));
  ASSERT_CUDA(cudaStreamEndCapture(stream_, &graph));
  ASSERT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_CUDA(cudaGraphDestroy(graph));
  EXPECT_EQ(0, host_runs);
  EXPECT_EQ(0, *device);
  for (int i = 0; i < 3; ++i) ASSERT_CUDA(cudaGraphLaunch(exec, stream_));
  ASSERT_CUDA(cudaStreamSynchronize(stream_));
  EXPECT_EQ(3, host_runs);
  EXPECT_EQ(3, work.runs);
  EXPECT_EQ(0x01010101, *device);
  EXPECT_EQ(0, work.releases);
  ASSERT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(1, work.releases);
  EXPECT_CUDA(cudaFree(device));
}

// Branches that wait for each other must run side by side, and the launch stream must wait for both.
TEST_F(GraphTest, BranchesRunConcurrentlyAndJoin) {
  struct Meeting {
    Gate first, second;
    std::atomic<int> met{0};
  } meeting;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
  ASSERT_CUDA(cudaEventRecord(fork_, stream_));
  ASSERT_CUDA(cudaStreamWaitEvent(branch_, fork_, 0));
  const auto first = [](void* m) {
    auto* meeting = static_cast<Meeting*>(m);
    meeting->first.Open();
    meeting->second.Wait();
    ++meeting->met;
  };
  const auto second = [](void* m) {
    auto* meeting = static_cast<Meeting*>(m);
    meeting->second.Open();
    meeting->first.Wait();
    ++meeting->met;
  };
  ASSERT_CUDA(cudaLaunchHostFunc(stream_, first, &meeting));
  ASSERT_CUDA(cudaLaunchHostFunc(branch_, second, &meeting));
  ASSERT_CUDA(cudaEventRecord(join_, branch_));
  ASSERT_CUDA(cudaStreamWaitEvent(stream_, join_, 0));
  ASSERT_CUDA(cudaStreamEndCapture(stream_, &graph));
  size_t nodes = 0;
  ASSERT_CUDA(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(2u, nodes);
  ASSERT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_CUDA(cudaGraphLaunch(exec, stream_));
  ASSERT_CUDA(cudaStreamSynchronize(stream_));
  EXPECT_EQ(2, meeting.met);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

TEST_F(GraphTest, UnjoinedBranchFailsTheCapture) {
  std::atomic<int> runs{0};
  cudaGraph_t graph;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
  ASSERT_CUDA(cudaEventRecord(fork_, stream_));
  ASSERT_CUDA(cudaStreamWaitEvent(branch_, fork_, 0));
  ASSERT_CUDA(cudaLaunchHostFunc(branch_, Count, &runs));
  EXPECT_EQ(cudaErrorStreamCaptureUnjoined, cudaStreamEndCapture(stream_, &graph));
  EXPECT_EQ(nullptr, graph);
  // Both streams are usable again.
  ASSERT_CUDA(cudaLaunchHostFunc(branch_, Count, &runs));
  ASSERT_CUDA(cudaStreamSynchronize(branch_));
  EXPECT_EQ(1, runs);
}

TEST_F(GraphTest, SynchronizingACapturingStreamInvalidatesIt) {
  cudaGraph_t graph;
  cudaStreamCaptureStatus status;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
  EXPECT_EQ(cudaErrorStreamCaptureUnsupported, cudaStreamSynchronize(stream_));
  ASSERT_CUDA(cudaStreamIsCapturing(stream_, &status));
  EXPECT_EQ(cudaStreamCaptureStatusInvalidated, status);
  EXPECT_EQ(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream_, &graph));
  EXPECT_CUDA(cudaStreamSynchronize(stream_));
}

TEST_F(GraphTest, GlobalCaptureForbidsMallocUnlessRelaxed) {
  void* block;
  cudaGraph_t graph;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  ASSERT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_CUDA(cudaMalloc(&block, 16));
  ASSERT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  void* refused;
  EXPECT_EQ(cudaErrorStreamCaptureUnsupported, cudaMalloc(&refused, 16));
  EXPECT_EQ(cudaErrorStreamCaptureInvalidated, cudaStreamEndCapture(stream_, &graph));
  EXPECT_CUDA(cudaFree(block));
}

// Libraries add nodes by hand to the graph that their stream captures.
TEST_F(GraphTest, NodesCanBeAddedToAGraphUnderCapture) {
  std::atomic<int> runs{0};
  cudaStreamCaptureStatus status;
  cudaGraph_t graph, captured;
  cudaGraphNode_t node;
  const cudaGraphNode_t* dependencies;
  size_t count;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
  ASSERT_CUDA(cudaLaunchHostFunc(stream_, Count, &runs));
  ASSERT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, nullptr, &graph, &dependencies, nullptr, &count));
  ASSERT_EQ(cudaStreamCaptureStatusActive, status);
  ASSERT_EQ(1u, count);
  cudaHostNodeParams parameters = {Count, &runs};
  ASSERT_CUDA(cudaGraphAddHostNode(&node, graph, dependencies, count, &parameters));
  ASSERT_CUDA(
      cudaStreamUpdateCaptureDependencies(stream_, &node, nullptr, 1, cudaStreamSetCaptureDependencies));
  ASSERT_CUDA(cudaStreamEndCapture(stream_, &captured));
  EXPECT_EQ(graph, captured);
  cudaGraphExec_t exec;
  ASSERT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_CUDA(cudaGraphLaunch(exec, stream_));
  ASSERT_CUDA(cudaStreamSynchronize(stream_));
  EXPECT_EQ(2, runs);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

// An event recorded outside again no longer pulls waiters into the capture.
TEST_F(GraphTest, EventLeavesTheCaptureWhenRecordedOutside) {
  cudaGraph_t graph;
  cudaStreamCaptureStatus status;
  ASSERT_CUDA(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
  ASSERT_CUDA(cudaEventRecord(fork_, stream_));
  ASSERT_CUDA(cudaEventRecord(fork_, branch_));
  ASSERT_CUDA(cudaStreamWaitEvent(branch_, fork_, 0));
  ASSERT_CUDA(cudaStreamIsCapturing(branch_, &status));
  EXPECT_EQ(cudaStreamCaptureStatusNone, status);
  ASSERT_CUDA(cudaStreamEndCapture(stream_, &graph));
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

TEST_F(GraphTest, LegacyStreamCannotCapture) {
  EXPECT_EQ(cudaErrorStreamCaptureUnsupported, cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal));
}

TEST_F(GraphTest, BuiltGraphFollowsItsEdgesAndCanBeUpdated) {
  Journal journal;
  Journal::Entry one{&journal, 1}, two{&journal, 2}, three{&journal, 3};
  cudaGraph_t graph;
  cudaGraphNode_t first, second;
  cudaGraphExec_t exec;
  ASSERT_CUDA(cudaGraphCreate(&graph, 0));
  cudaHostNodeParams parameters = {};
  parameters.fn = Journal::Note;
  parameters.userData = &two;
  ASSERT_CUDA(cudaGraphAddHostNode(&second, graph, nullptr, 0, &parameters));
  parameters.userData = &one;
  ASSERT_CUDA(cudaGraphAddHostNode(&first, graph, nullptr, 0, &parameters));
  ASSERT_CUDA(cudaGraphAddDependencies(graph, &first, &second, nullptr, 1));
  ASSERT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_CUDA(cudaGraphLaunch(exec, stream_));
  ASSERT_CUDA(cudaStreamSynchronize(stream_));
  EXPECT_EQ(std::vector<int>({1, 2}), journal.numbers());
  parameters.userData = &three;
  ASSERT_CUDA(cudaGraphExecHostNodeSetParams(exec, second, &parameters));
  ASSERT_CUDA(cudaGraphLaunch(exec, stream_));
  ASSERT_CUDA(cudaStreamSynchronize(stream_));
  EXPECT_EQ(std::vector<int>({1, 2, 1, 3}), journal.numbers());
  ASSERT_CUDA(cudaGraphAddDependencies(graph, &second, &first, nullptr, 1));
  cudaGraphExec_t cyclic;
  EXPECT_EQ(cudaErrorInvalidValue, cudaGraphInstantiate(&cyclic, graph, 0));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
}

}  // namespace
}  // namespace rankle::vgpu
