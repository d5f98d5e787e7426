#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/runtime/test_support.h"

namespace rankle::vgpu {
namespace {

class EventTest : public testing::Test {
 protected:
  void SetUp() override {
    RegisterHostFunction(&slow_, "slow_kernel", nullptr);
    RegisterHostFunction(&fast_, "fast_kernel", nullptr);
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaEventCreate(&begin_));
    ASSERT_CUDA(cudaEventCreate(&end_));
  }
  void TearDown() override {
    EXPECT_CUDA(cudaEventDestroy(begin_));
    EXPECT_CUDA(cudaEventDestroy(end_));
    EXPECT_CUDA(cudaStreamDestroy(stream_));
  }
  cudaError_t LaunchKernel(const void* function) {
    return cudaLaunchKernel(function, dim3(1), dim3(32), nullptr, 0, stream_);
  }

  static inline char slow_ = 0, fast_ = 0;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

TEST_F(EventTest, ModelledKernelTimeIsExact) {
  Gate gate;  // so that all of it is queued before the first kernel starts
  ASSERT_CUDA(cudaLaunchHostFunc(stream_, Gate::Hold, &gate));
  ASSERT_CUDA(cudaEventRecord(begin_, stream_));
  for (int i = 0; i < 3; ++i) ASSERT_CUDA(LaunchKernel(&slow_));
  ASSERT_CUDA(LaunchKernel(&fast_));
  ASSERT_CUDA(cudaEventRecord(end_, stream_));
  float milliseconds = 0;
  EXPECT_EQ(cudaErrorNotReady, cudaEventElapsedTime(&milliseconds, begin_, end_));
  gate.Open();
  ASSERT_CUDA(cudaEventSynchronize(end_));
  ASSERT_CUDA(cudaEventElapsedTime(&milliseconds, begin_, end_));
  EXPECT_FLOAT_EQ(60.0f, milliseconds);
  EXPECT_EQ(cudaErrorNotReady, cudaGetLastError());
}

TEST_F(EventTest, NeverRecordedEventCountsAsReached) {
  EXPECT_CUDA(cudaEventQuery(begin_));
  EXPECT_CUDA(cudaEventSynchronize(begin_));
  EXPECT_CUDA(cudaStreamWaitEvent(stream_, begin_, 0));
  float milliseconds;
  EXPECT_EQ(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&milliseconds, begin_, end_));
}

TEST_F(EventTest, UntimedEventHasNoTime) {
  cudaEvent_t untimed;
  ASSERT_CUDA(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
  ASSERT_CUDA(cudaEventRecord(untimed, stream_));
  ASSERT_CUDA(cudaEventRecord(end_, stream_));
  ASSERT_CUDA(cudaStreamSynchronize(stream_));
  float milliseconds;
  EXPECT_EQ(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&milliseconds, untimed, end_));
  EXPECT_CUDA(cudaEventDestroy(untimed));
  EXPECT_EQ(cudaErrorInvalidResourceHandle, cudaEventQuery(untimed));
}

// A waiter keeps what the event meant when it began to wait.
TEST_F(EventTest, RerecordingDoesNotMoveEarlierWaits) {
  Gate gate;
  cudaStream_t waiting;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&waiting, cudaStreamNonBlocking));
  ASSERT_CUDA(cudaEventRecord(begin_, stream_));
  ASSERT_CUDA(cudaStreamWaitEvent(waiting, begin_, 0));
  ASSERT_CUDA(cudaLaunchHostFunc(stream_, Gate::Hold, &gate));
  ASSERT_CUDA(cudaEventRecord(begin_, stream_));
  EXPECT_CUDA(cudaStreamSynchronize(waiting));
  EXPECT_EQ(cudaErrorNotReady, cudaEventQuery(begin_));
  gate.Open();
  EXPECT_CUDA(cudaEventSynchronize(begin_));
  EXPECT_CUDA(cudaStreamDestroy(waiting));
}

TEST_F(EventTest, EventOfAnotherDeviceCannotBeRecorded) {
  ASSERT_CUDA(cudaSetDevice(1));
  cudaEvent_t foreign;
  ASSERT_CUDA(cudaEventCreate(&foreign));
  EXPECT_EQ(cudaErrorInvalidResourceHandle, cudaEventRecord(foreign, stream_));
  EXPECT_CUDA(cudaEventDestroy(foreign));
  ASSERT_CUDA(cudaSetDevice(0));
}

TEST_F(EventTest, UnknownKernelAndBadShapeAreRefused) {
  int unknown = 0;
  EXPECT_EQ(cudaErrorInvalidDeviceFunction, LaunchKernel(&unknown));
  EXPECT_EQ(cudaErrorInvalidConfiguration,
            cudaLaunchKernel(&fast_, dim3(1), dim3(1025), nullptr, 0, stream_));
  EXPECT_EQ(cudaErrorInvalidConfiguration, cudaLaunchKernel(&fast_, dim3(0), dim3(32), nullptr, 0, stream_));
  EXPECT_EQ(cudaErrorInvalidValue, cudaLaunchKernel(&fast_, dim3(1), dim3(32), nullptr, 64 * 1024, stream_));
  ASSERT_CUDA(cudaFuncSetAttribute(&fast_, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 * 1024));
  EXPECT_CUDA(cudaLaunchKernel(&fast_, dim3(1), dim3(32), nullptr, 64 * 1024, stream_));
  EXPECT_EQ(cudaErrorInvalidValue, cudaGetLastError());
  EXPECT_CUDA(cudaGetLastError());
}

}  // namespace
}  // namespace rankle::vgpu
