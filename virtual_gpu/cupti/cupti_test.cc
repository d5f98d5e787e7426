// The stand-in of CUPTI tells of the work that streams of the virtual driver did, as CUPTI would.
#include <cuda_runtime_api.h>
#include <cupti.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "virtual_gpu/engine/device_work.h"

namespace {

using ::testing::SizeIs;

struct TestEnvironment {
  TestEnvironment() { setenv("RANKLE_VIRTUAL_GPUS", "2", 1); }
};
const TestEnvironment kTestEnvironment;

uint64_t Monotonic() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

constexpr uint64_t kAhead = 7'000'000'000'000'000;  // of the client's clock: no mistake for another one
uint64_t ClientsClock() { return Monotonic() + kAhead; }

struct Seen {
  std::string name;
  uint64_t start, end;
  uint32_t device, stream, correlation;
};
std::vector<Seen> g_seen;
bool g_has_buffer = true;
alignas(8) uint8_t g_buffer[2 * sizeof(CUpti_ActivityKernel10) + 8];

void Requested(uint8_t** buffer, size_t* size, size_t* most) {
  *buffer = g_has_buffer ? g_buffer : nullptr, *size = sizeof(g_buffer), *most = 0;
  g_has_buffer = false;
}
void Completed(CUcontext, uint32_t, uint8_t* buffer, size_t, size_t valid) {
  CUpti_Activity* at = nullptr;
  while (cuptiActivityGetNextRecord(buffer, valid, &at) == CUPTI_SUCCESS) {
    const auto& k = *reinterpret_cast<CUpti_ActivityKernel10*>(at);
    g_seen.push_back({k.name, k.start, k.end, k.deviceId, k.streamId, k.correlationId});
  }
  g_has_buffer = true;
}

// Takes at least a microsecond.
void Work(void*) {
  const uint64_t begin = Monotonic();
  while (Monotonic() < begin + 1000) {
  }
}

void Enqueue(cudaStream_t stream, const char* name) {
  ASSERT_EQ(rankleVgpuEnqueue(stream, name, Work, nullptr, nullptr), 0);
}

TEST(VirtualCupti, TellsWhenKernelsRanAndCountsWhatItHadNoRoomFor) {
  CUpti_SubscriberHandle subscriber = nullptr;
  ASSERT_EQ(cuptiSubscribe(&subscriber, nullptr, nullptr), CUPTI_SUCCESS);
  EXPECT_EQ(cuptiSubscribe(&subscriber, nullptr, nullptr), CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
  EXPECT_EQ(cuptiActivityFlushAll(0), CUPTI_ERROR_INVALID_OPERATION);  // nobody to hand buffers to
  ASSERT_EQ(cuptiActivityRegisterCallbacks(Requested, Completed), CUPTI_SUCCESS);
  ASSERT_EQ(cuptiActivityRegisterTimestampCallback(ClientsClock), CUPTI_SUCCESS);
  ASSERT_EQ(cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL), CUPTI_SUCCESS);

  cudaStream_t first = nullptr, second = nullptr;
  ASSERT_EQ(cudaStreamCreate(&first), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  ASSERT_EQ(cudaStreamCreate(&second), cudaSuccess);
  const uint64_t before = ClientsClock();
  Enqueue(first, "one");
  ASSERT_EQ(cudaStreamSynchronize(first), cudaSuccess);
  Enqueue(second, "two");
  ASSERT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  EXPECT_THAT(g_seen, SizeIs(0));
  ASSERT_EQ(cuptiActivityFlushAll(0), CUPTI_SUCCESS);
  ASSERT_THAT(g_seen, SizeIs(2));
  EXPECT_EQ(g_seen[0].name, "one");
  EXPECT_EQ(g_seen[1].name, "two");
  EXPECT_EQ(g_seen[0].device, 0u);
  EXPECT_EQ(g_seen[1].device, 1u);
  EXPECT_NE(g_seen[0].stream, g_seen[1].stream);
  EXPECT_LT(g_seen[0].correlation, g_seen[1].correlation);
  // The times are on the client's clock: the work took a microsecond, between the two looks at it.
  EXPECT_GE(g_seen[0].start + 1'000'000, before);
  EXPECT_GE(g_seen[0].end, g_seen[0].start + 1000);
  EXPECT_LE(g_seen[1].end, ClientsClock() + 1'000'000);

  g_has_buffer = false;
  Enqueue(second, "three");
  ASSERT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  size_t dropped = 0;
  ASSERT_EQ(cuptiActivityGetNumDroppedRecords(nullptr, 0, &dropped), CUPTI_SUCCESS);
  EXPECT_EQ(dropped, 1u);

  ASSERT_EQ(cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL), CUPTI_SUCCESS);
  g_has_buffer = true;
  Enqueue(second, "four");
  ASSERT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  ASSERT_EQ(cuptiActivityFlushAll(0), CUPTI_SUCCESS);
  EXPECT_THAT(g_seen, SizeIs(2));
}

}  // namespace
