#include <cuda.h>

#include <thread>

#include "virtual_gpu/engine/device_work.h"
#include "virtual_gpu/runtime/test_support.h"

namespace rankle::vgpu {
namespace {

TEST(ErrorTest, LastErrorBelongsToTheThreadAndIsForgottenOnce) {
  EXPECT_EQ(cudaErrorInvalidDevice, cudaSetDevice(17));
  std::thread other([] { EXPECT_EQ(cudaSuccess, cudaPeekAtLastError()); });
  other.join();
  EXPECT_EQ(cudaErrorInvalidDevice, cudaPeekAtLastError());
  EXPECT_EQ(cudaErrorInvalidDevice, cudaGetLastError());
  EXPECT_EQ(cudaSuccess, cudaGetLastError());
}

TEST(ErrorTest, NamesAndTextsAreThoseOfCuda) {
  EXPECT_STREQ("cudaErrorMemoryAllocation", cudaGetErrorName(cudaErrorMemoryAllocation));
  EXPECT_STREQ("out of memory", cudaGetErrorString(cudaErrorMemoryAllocation));
  EXPECT_STREQ("unrecognized error code", cudaGetErrorString(static_cast<cudaError_t>(12345)));
}

// PyTorch counts the devices through the runtime, then asks the driver for their contexts.
TEST(ErrorTest, TheRuntimesFirstCallInitialisesTheDriverForEveryThread) {
  int count = 0;
  ASSERT_EQ(cudaSuccess, cudaGetDeviceCount(&count));
  std::thread other([] {
    unsigned flags = 0;
    int active = -1;
    EXPECT_EQ(CUDA_SUCCESS, cuDevicePrimaryCtxGetState(0, &flags, &active));
  });
  other.join();
}

TEST(ErrorTest, UnsupportedFunctionNamesItselfOnce) {
  cudaArray_t array = nullptr;
  const cudaChannelFormatDesc format = cudaCreateChannelDesc(8, 0, 0, 0, cudaChannelFormatKindUnsigned);
  testing::internal::CaptureStderr();
  EXPECT_EQ(cudaErrorNotSupported, cudaMallocArray(&array, &format, 4, 4, 0));
  EXPECT_EQ(cudaErrorNotSupported, cudaMallocArray(&array, &format, 4, 4, 0));
  EXPECT_EQ("rankle: virtual GPU: cudaMallocArray is not supported\n",
            testing::internal::GetCapturedStderr());
  EXPECT_EQ(cudaErrorNotSupported, cudaGetLastError());
}

struct Work {
  Gate* gate;
  Gate started;
  std::atomic<int> runs{0}, releases{0};
  static void Run(void* w) {
    auto* work = static_cast<Work*>(w);
    ++work->runs;
    work->started.Open();
    if (work->gate != nullptr) work->gate->Wait();
  }
  static void Release(void* w) { ++static_cast<Work*>(w)->releases; }
};

// Device 2 is lost while one piece of work runs, one is queued, a thread waits and another device's stream
// depends on it.
TEST(ErrorTest, LostDeviceReleasesWaitersAndAnswersItsError) {
  Gate gate;
  Work running{&gate, {}}, queued{nullptr, {}};
  cudaStream_t stream, elsewhere;
  cudaEvent_t event;
  ASSERT_CUDA(cudaSetDevice(2));
  ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  ASSERT_CUDA(cudaEventCreate(&event));
  ASSERT_EQ(0, rankleVgpuEnqueue(stream, "running", Work::Run, Work::Release, &running));
  ASSERT_EQ(0, rankleVgpuEnqueue(stream, "queued", Work::Run, Work::Release, &queued));
  ASSERT_CUDA(cudaEventRecord(event, stream));
  ASSERT_CUDA(cudaSetDevice(1));
  ASSERT_CUDA(cudaStreamCreateWithFlags(&elsewhere, cudaStreamNonBlocking));
  ASSERT_CUDA(cudaStreamWaitEvent(elsewhere, event, 0));
  std::thread waiter([&] { EXPECT_EQ(cudaErrorECCUncorrectable, cudaStreamSynchronize(stream)); });
  running.started.Wait();
  rankleVgpuSetStickyError(2, cudaErrorECCUncorrectable);
  waiter.join();
  void* memory;
  ASSERT_EQ(cudaErrorECCUncorrectable, cudaSetDevice(2));
  EXPECT_EQ(cudaErrorECCUncorrectable, cudaMalloc(&memory, 8));
  EXPECT_EQ(cudaErrorECCUncorrectable, cudaGetLastError());
  EXPECT_EQ(cudaErrorECCUncorrectable, cudaGetLastError());  // sticky
  EXPECT_EQ(cudaErrorECCUncorrectable, cudaEventQuery(event));
  EXPECT_EQ(cudaErrorECCUncorrectable, cudaDeviceSynchronize());
  EXPECT_NE(0, rankleVgpuEnqueue(stream, "late", Work::Run, Work::Release, &queued));
  gate.Open();
  // The other device is well; its stream goes on when the lost device's queue has been dropped.
  ASSERT_CUDA(cudaSetDevice(1));
  ASSERT_CUDA(cudaStreamSynchronize(elsewhere));
  EXPECT_EQ(1, running.runs);
  EXPECT_EQ(1, running.releases);
  EXPECT_EQ(0, queued.runs);
  EXPECT_EQ(1, queued.releases);
  EXPECT_CUDA(cudaStreamDestroy(elsewhere));
  ASSERT_CUDA(cudaSetDevice(0));
}

TEST(ErrorTest, VersionsAreThoseOfTheLibrary) {
  int driver, runtime;
  ASSERT_CUDA(cudaDriverGetVersion(&driver));
  ASSERT_CUDA(cudaRuntimeGetVersion(&runtime));
  EXPECT_EQ(13000, driver);
  EXPECT_EQ(13000, runtime);
}

TEST(ErrorTest, DriverEntryPointsAreFoundByNameAndVersion) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult result;
  ASSERT_CUDA(cudaGetDriverEntryPointByVersion("cuMemAlloc", &function, 12000, cudaEnableDefault, &result));
  EXPECT_EQ(cudaDriverEntryPointSuccess, result);
  EXPECT_NE(nullptr, function);
  ASSERT_CUDA(
      cudaGetDriverEntryPointByVersion("cuNoSuchThing", &function, 12000, cudaEnableDefault, &result));
  EXPECT_EQ(cudaDriverEntryPointSymbolNotFound, result);
  EXPECT_EQ(nullptr, function);
}

}  // namespace
}  // namespace rankle::vgpu
