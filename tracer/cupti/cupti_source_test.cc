// CUPTI's side of the activity source, played by functions of its own header: what is enabled, which records
// become kernels, what is counted as lost.
#include "tracer/cupti/cupti_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tracer/files/identity.h"

namespace rankle::cupti {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::SizeIs;

// A CUPTI that delivers what the test scripted.
struct ScriptedCupti {
  CUptiResult subscribe_result = CUPTI_SUCCESS, enable_result = CUPTI_SUCCESS;
  std::vector<CUpti_ActivityKind> enabled;
  CUpti_BuffersCallbackRequestFunc requested = nullptr;
  CUpti_BuffersCallbackCompleteFunc completed = nullptr;
  CUpti_TimestampCallbackFunc clock = nullptr;
  size_t dropped = 0;
  std::vector<uint32_t> flushes;
  int unsubscribed = 0;
  size_t record_bytes = sizeof(CUpti_ActivityKernel10);

  // Fills one buffer of the client's and hands it back.
  void Deliver(const std::vector<CUpti_ActivityKernel10>& records) {
    uint8_t* buffer = nullptr;
    size_t size = 0, most = 99;
    requested(&buffer, &size, &most);
    ASSERT_NE(buffer, nullptr);
    ASSERT_EQ(most, 0u);
    ASSERT_LE(records.size() * record_bytes, size);
    for (size_t i = 0; i < records.size(); ++i)
      std::memcpy(buffer + i * record_bytes, &records[i], record_bytes);
    completed(nullptr, 0, buffer, size, records.size() * record_bytes);
  }
};
ScriptedCupti* g_cupti = nullptr;

CuptiFunctions Functions() {
  CuptiFunctions f;
  f.cuptiSubscribe = [](CUpti_SubscriberHandle*, CUpti_CallbackFunc, void*) {
    return g_cupti->subscribe_result;
  };
  f.cuptiUnsubscribe = [](CUpti_SubscriberHandle) {
    ++g_cupti->unsubscribed;
    return CUPTI_SUCCESS;
  };
  f.cuptiActivityRegisterCallbacks = [](CUpti_BuffersCallbackRequestFunc requested,
                                        CUpti_BuffersCallbackCompleteFunc completed) {
    g_cupti->requested = requested, g_cupti->completed = completed;
    return CUPTI_SUCCESS;
  };
  f.cuptiActivityRegisterTimestampCallback = [](CUpti_TimestampCallbackFunc clock) {
    // CUPTI wants it before any kind is enabled.
    if (!g_cupti->enabled.empty()) return CUPTI_ERROR_INVALID_OPERATION;
    g_cupti->clock = clock;
    return CUPTI_SUCCESS;
  };
  f.cuptiActivityEnable = [](CUpti_ActivityKind kind) {
    g_cupti->enabled.push_back(kind);
    return g_cupti->enable_result;
  };
  f.cuptiActivityDisable = [](CUpti_ActivityKind) { return CUPTI_SUCCESS; };
  f.cuptiActivityFlushAll = [](uint32_t flag) {
    g_cupti->flushes.push_back(flag);
    return CUPTI_SUCCESS;
  };
  f.cuptiActivityGetNextRecord = [](uint8_t* buffer, size_t valid, CUpti_Activity** at) {
    uint8_t* const next = *at == nullptr ? buffer : reinterpret_cast<uint8_t*>(*at) + g_cupti->record_bytes;
    if (next + g_cupti->record_bytes > buffer + valid) return CUPTI_ERROR_MAX_LIMIT_REACHED;
    *at = reinterpret_cast<CUpti_Activity*>(next);
    return CUPTI_SUCCESS;
  };
  f.cuptiActivityGetNumDroppedRecords = [](CUcontext, uint32_t, size_t* dropped) {
    *dropped = g_cupti->dropped;
    g_cupti->dropped = 0;
    return CUPTI_SUCCESS;
  };
  f.cuptiGetResultString = [](CUptiResult, const char** text) {
    *text = "CUPTI_ERROR_SCRIPTED";
    return CUPTI_SUCCESS;
  };
  return f;
}

class Kernels final : public ActivitySink {
 public:
  void OnKernel(const KernelActivity& kernel) override {
    kernels.push_back(kernel);
    names.emplace_back(kernel.name);
  }
  void OnLost(uint64_t count) override { lost += count; }
  std::vector<KernelActivity> kernels;
  std::vector<std::string> names;
  uint64_t lost = 0;
};

CUpti_ActivityKernel10 Record(const char* name, uint64_t start, uint64_t end, uint32_t stream = 7) {
  CUpti_ActivityKernel10 record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.name = name, record.start = start, record.end = end;
  record.deviceId = 1, record.streamId = stream, record.correlationId = 11, record.graphId = 5;
  return record;
}

class CuptiSourceTest : public ::testing::Test {
 protected:
  CuptiSourceTest() : source_(Functions()) { g_cupti = &cupti_; }
  ~CuptiSourceTest() override {
    source_.Stop();
    g_cupti = nullptr;
  }
  ScriptedCupti cupti_;
  CuptiSource source_;
  Kernels sink_;
};

TEST_F(CuptiSourceTest, OnlyKernelsOfNcclReachTheSink) {
  ASSERT_THAT(source_.Start(&sink_), IsNull());
  EXPECT_THAT(cupti_.enabled, ElementsAre(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL));
  EXPECT_EQ(cupti_.clock, &files::MonotonicNs);
  cupti_.Deliver({Record("_Z4gemmPf", 1, 2), Record("_Z22ncclDevKernel_SendRecv4Args", 10, 20),
                  Record("_Z22ncclDevKernel_SendRecv4Args", 30, 50, 8)});
  EXPECT_THAT(sink_.names, ElementsAre("ncclDevKernel_SendRecv", "ncclDevKernel_SendRecv"));
  EXPECT_EQ(sink_.kernels[0].start_ns, 10u);
  EXPECT_EQ(sink_.kernels[0].end_ns, 20u);
  EXPECT_EQ(sink_.kernels[0].device, 1u);
  EXPECT_EQ(sink_.kernels[0].correlation, 11u);
  EXPECT_EQ(sink_.kernels[0].graph, 5u);
  EXPECT_EQ(sink_.kernels[1].stream, 8u);
  EXPECT_EQ(sink_.lost, 0u);
}

TEST_F(CuptiSourceTest, ShorterRecordsOfCuda12AreReadAlike) {
  cupti_.record_bytes = sizeof(CUpti_ActivityKernel8);
  ASSERT_THAT(source_.Start(&sink_), IsNull());
  cupti_.Deliver({Record("ncclDevKernel_A", 10, 20), Record("ncclDevKernel_B", 30, 50)});
  EXPECT_THAT(sink_.names, ElementsAre("ncclDevKernel_A", "ncclDevKernel_B"));
  EXPECT_EQ(sink_.kernels[1].end_ns, 50u);
}

TEST_F(CuptiSourceTest, WhatHasNoTimesOrWasDroppedIsCountedAsLost) {
  ASSERT_THAT(source_.Start(&sink_), IsNull());
  cupti_.dropped = 4;
  cupti_.Deliver({Record("ncclDevKernel_A", 0, 0), Record("ncclDevKernel_A", 10, 0), Record("gemm", 0, 0)});
  EXPECT_THAT(sink_.kernels, IsEmpty());
  EXPECT_EQ(sink_.lost, 6u);
}

TEST_F(CuptiSourceTest, BuffersAreBoundedAndUsedAgain) {
  ASSERT_THAT(source_.Start(&sink_), IsNull());
  uint8_t* buffer = nullptr;
  size_t size = 0, most = 0;
  std::vector<uint8_t*> taken;
  for (int i = 0; i < BufferPool::kBuffers; ++i) {
    cupti_.requested(&buffer, &size, &most);
    ASSERT_NE(buffer, nullptr);
    taken.push_back(buffer);
  }
  cupti_.requested(&buffer, &size, &most);
  EXPECT_EQ(buffer, nullptr);  // CUPTI drops records and counts them
  cupti_.completed(nullptr, 0, taken[5], size, 0);
  cupti_.requested(&buffer, &size, &most);
  EXPECT_EQ(buffer, taken[5]);
}

TEST_F(CuptiSourceTest, OnlyTheLastFlushIsForced) {
  ASSERT_THAT(source_.Start(&sink_), IsNull());
  source_.Flush(false);
  source_.Flush(true);
  EXPECT_THAT(cupti_.flushes, ElementsAre(0u, static_cast<uint32_t>(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED)));
}

TEST_F(CuptiSourceTest, AnotherProfilerIsTheReasonThatIsGiven) {
  cupti_.subscribe_result = CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
  EXPECT_THAT(source_.Start(&sink_), HasSubstr("another profiler"));
  EXPECT_THAT(cupti_.enabled, IsEmpty());
}

TEST_F(CuptiSourceTest, AFailedStartGivesThePlaceOfTheProfilerBack) {
  cupti_.enable_result = CUPTI_ERROR_NOT_COMPATIBLE;
  EXPECT_THAT(source_.Start(&sink_), HasSubstr("CUPTI_ERROR_SCRIPTED"));
  EXPECT_EQ(cupti_.unsubscribed, 1);
  uint8_t* buffer = nullptr;
  size_t size = 0, most = 0;
  cupti_.requested(&buffer, &size, &most);
  EXPECT_EQ(buffer, nullptr);
}

}  // namespace
}  // namespace rankle::cupti
