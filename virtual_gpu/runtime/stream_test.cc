#include <thread>

#include "virtual_gpu/engine/device_work.h"
#include "virtual_gpu/runtime/test_support.h"

namespace rankle::vgpu {
namespace {

using testing::Test;

class StreamTest : public Test {
 protected:
  void SetUp() override {
    ASSERT_CUDA(cudaSetDevice(0));
    ASSERT_CUDA(cudaStreamCreate(&blocking_));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&free_, cudaStreamNonBlocking));
  }
  void TearDown() override {
    gate_.Open();
    EXPECT_CUDA(cudaDeviceSynchronize());
    EXPECT_CUDA(cudaStreamDestroy(blocking_));
    EXPECT_CUDA(cudaStreamDestroy(free_));
  }
  cudaError_t Note(cudaStream_t stream, int number) {
    entries_.push_back(std::make_unique<Journal::Entry>(Journal::Entry{&journal_, number}));
    return cudaLaunchHostFunc(stream, Journal::Note, entries_.back().get());
  }

  cudaStream_t blocking_ = nullptr, free_ = nullptr;
  Gate gate_;
  Journal journal_;
  std::vector<std::unique_ptr<Journal::Entry>> entries_;
};

TEST_F(StreamTest, HostFunctionsOfAStreamRunInOrder) {
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    ASSERT_CUDA(Note(free_, i));
    expected.push_back(i);
  }
  ASSERT_CUDA(cudaStreamSynchronize(free_));
  EXPECT_EQ(expected, journal_.numbers());
}

TEST_F(StreamTest, QueryTellsBusyFromIdle) {
  ASSERT_CUDA(cudaLaunchHostFunc(free_, Gate::Hold, &gate_));
  EXPECT_EQ(cudaErrorNotReady, cudaStreamQuery(free_));
  EXPECT_EQ(cudaErrorNotReady, cudaGetLastError());
  gate_.Open();
  ASSERT_CUDA(cudaStreamSynchronize(free_));
  EXPECT_CUDA(cudaStreamQuery(free_));
}

TEST_F(StreamTest, LegacyWorkWaitsForBlockingStreams) {
  ASSERT_CUDA(cudaLaunchHostFunc(blocking_, Gate::Hold, &gate_));
  ASSERT_CUDA(Note(nullptr, 1));
  EXPECT_EQ(cudaErrorNotReady, cudaStreamQuery(nullptr));
  ASSERT_CUDA(Note(free_, 0));  // not ordered against either
  ASSERT_CUDA(cudaStreamSynchronize(free_));
  EXPECT_EQ(std::vector<int>({0}), journal_.numbers());
  gate_.Open();
  ASSERT_CUDA(cudaStreamSynchronize(nullptr));
  EXPECT_EQ(std::vector<int>({0, 1}), journal_.numbers());
}

TEST_F(StreamTest, BlockingStreamsWaitForLegacyWork) {
  ASSERT_CUDA(cudaLaunchHostFunc(cudaStreamLegacy, Gate::Hold, &gate_));
  ASSERT_CUDA(Note(blocking_, 1));
  ASSERT_CUDA(Note(free_, 0));
  ASSERT_CUDA(cudaStreamSynchronize(free_));
  EXPECT_EQ(cudaErrorNotReady, cudaStreamQuery(blocking_));
  gate_.Open();
  ASSERT_CUDA(cudaStreamSynchronize(blocking_));
  EXPECT_EQ(std::vector<int>({0, 1}), journal_.numbers());
}

// Copies on an idle stream may run in place; they must not overtake the legacy stream.
TEST_F(StreamTest, SmallCopyDoesNotOvertakeLegacyWork) {
  int* device;
  int* pinned;
  ASSERT_CUDA(cudaMalloc(&device, sizeof(int)));
  ASSERT_CUDA(cudaMemset(device, 0, sizeof(int)));
  ASSERT_CUDA(cudaMallocHost(&pinned, sizeof(int)));
  *pinned = 5;
  ASSERT_CUDA(cudaLaunchHostFunc(nullptr, Gate::Hold, &gate_));
  ASSERT_CUDA(cudaMemcpyAsync(device, pinned, sizeof(int), cudaMemcpyHostToDevice, blocking_));
  EXPECT_EQ(cudaErrorNotReady, cudaStreamQuery(blocking_));
  EXPECT_EQ(0, *device);
  gate_.Open();
  ASSERT_CUDA(cudaStreamSynchronize(blocking_));
  EXPECT_EQ(5, *device);
  EXPECT_CUDA(cudaFree(device));
  EXPECT_CUDA(cudaFreeHost(pinned));
}

TEST_F(StreamTest, WaitEventOrdersStreams) {
  cudaEvent_t event;
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  cudaStream_t other;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  ASSERT_CUDA(cudaLaunchHostFunc(free_, Gate::Hold, &gate_));
  ASSERT_CUDA(Note(free_, 1));
  ASSERT_CUDA(cudaEventRecord(event, free_));
  ASSERT_CUDA(cudaStreamWaitEvent(other, event, 0));
  ASSERT_CUDA(Note(other, 2));
  EXPECT_EQ(cudaErrorNotReady, cudaEventQuery(event));
  EXPECT_EQ(cudaErrorNotReady, cudaStreamQuery(other));
  gate_.Open();
  ASSERT_CUDA(cudaStreamSynchronize(other));
  EXPECT_EQ(std::vector<int>({1, 2}), journal_.numbers());
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_CUDA(cudaStreamDestroy(other));
}

// A destroyed stream finishes its work, and the legacy stream still waits for it.
TEST_F(StreamTest, DestroyedStreamFinishesItsWork) {
  cudaStream_t doomed;
  ASSERT_CUDA(cudaStreamCreate(&doomed));
  ASSERT_CUDA(cudaLaunchHostFunc(doomed, Gate::Hold, &gate_));
  ASSERT_CUDA(Note(doomed, 1));
  ASSERT_CUDA(cudaStreamDestroy(doomed));
  EXPECT_EQ(cudaErrorInvalidResourceHandle, cudaStreamSynchronize(doomed));
  ASSERT_CUDA(Note(nullptr, 2));
  gate_.Open();
  ASSERT_CUDA(cudaStreamSynchronize(nullptr));
  EXPECT_EQ(std::vector<int>({1, 2}), journal_.numbers());
}

TEST_F(StreamTest, EveryThreadHasItsDefaultStream) {
  ASSERT_CUDA(cudaLaunchHostFunc(cudaStreamPerThread, Gate::Hold, &gate_));
  std::thread other([&] {
    EXPECT_CUDA(Note(cudaStreamPerThread, 1));
    EXPECT_CUDA(cudaStreamSynchronize(cudaStreamPerThread));
    // The *_ptsz entry points mean this stream by 0.
    EXPECT_CUDA(cudaStreamQuery_ptsz(nullptr));
  });
  other.join();
  EXPECT_EQ(std::vector<int>({1}), journal_.numbers());
  EXPECT_EQ(cudaErrorNotReady, cudaStreamQuery_ptsz(nullptr));
}

TEST_F(StreamTest, CallbackGetsStreamAndStatus) {
  struct Seen {
    cudaStream_t stream = nullptr;
    cudaError_t status = cudaErrorUnknown;
  } seen;
  const auto callback = [](cudaStream_t stream, cudaError_t status, void* seen) {
    *static_cast<Seen*>(seen) = {stream, status};
  };
  ASSERT_CUDA(cudaStreamAddCallback(blocking_, callback, &seen, 0));
  ASSERT_CUDA(cudaStreamSynchronize(blocking_));
  EXPECT_EQ(blocking_, seen.stream);
  EXPECT_EQ(cudaSuccess, seen.status);
}

TEST_F(StreamTest, HostFunctionMustNotCallCuda) {
  cudaError_t result = cudaSuccess;
  const auto function = [](void* result) {
    void* memory;
    *static_cast<cudaError_t*>(result) = cudaMalloc(&memory, 8);
  };
  ASSERT_CUDA(cudaLaunchHostFunc(free_, function, &result));
  ASSERT_CUDA(cudaStreamSynchronize(free_));
  EXPECT_EQ(cudaErrorNotPermitted, result);
}

TEST_F(StreamTest, PrioritiesAreClampedAndRemembered) {
  int least, greatest, priority;
  ASSERT_CUDA(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  EXPECT_LT(greatest, least);
  cudaStream_t stream;
  ASSERT_CUDA(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest - 7));
  ASSERT_CUDA(cudaStreamGetPriority(stream, &priority));
  EXPECT_EQ(greatest, priority);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

// The contract of device_work.h.
struct DeviceWork {
  std::atomic<int> runs{0};
  std::atomic<int> releases{0};
  static void Run(void* work) { ++static_cast<DeviceWork*>(work)->runs; }
  static void Release(void* work) { ++static_cast<DeviceWork*>(work)->releases; }
};

TEST_F(StreamTest, DeviceWorkIsReleasedBeforeTheStreamIsDone) {
  for (int i = 0; i < 200; ++i) {
    DeviceWork work;
    ASSERT_EQ(0, rankleVgpuEnqueue(free_, "test", DeviceWork::Run, DeviceWork::Release, &work));
    ASSERT_CUDA(cudaStreamSynchronize(free_));
    EXPECT_EQ(1, work.runs);
    EXPECT_EQ(1, work.releases);
  }
}

TEST_F(StreamTest, RefusedDeviceWorkStaysWithTheCaller) {
  DeviceWork work;
  int not_a_stream;
  EXPECT_EQ(cudaErrorInvalidResourceHandle,
            rankleVgpuEnqueue(&not_a_stream, "test", DeviceWork::Run, DeviceWork::Release, &work));
  EXPECT_EQ(0, work.runs);
  EXPECT_EQ(0, work.releases);
}

// Many threads on shared streams and the legacy stream: the order of tickets admits no circular wait.
TEST_F(StreamTest, ConcurrentUseOfLegacyAndBlockingStreamsEnds) {
  std::atomic<int> ran{0};
  const auto count = [](void* ran) { ++*static_cast<std::atomic<int>*>(ran); };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i)
        EXPECT_CUDA(cudaLaunchHostFunc((i + t) % 2 == 0 ? nullptr : blocking_, count, &ran));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(1200, ran);
}

}  // namespace
}  // namespace rankle::vgpu
