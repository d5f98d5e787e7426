// The way of a call through the hooks, with a fake real function and a fake device.
#include "injector/hooks/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "injector/hooks/os.h"
#include "injector/hooks/testing/fake_process.h"

namespace rankle::hooks {
namespace {

using record::Kind;
using record::State;

TEST(Hook, TheOperationIsVisibleAsEnteredWhileTheRealFunctionRuns) {
  FakeProcess process;
  State during = State::kFree;
  process.real = [&] {
    during = process.Operations().at(0).state;
    return ncclSuccess;
  };
  process.AllReduce();
  EXPECT_EQ(during, State::kEntered);
  EXPECT_EQ(process.Operations().at(0).state, State::kEnqueued);
}

TEST(Hook, CallsInsideAHookPassThrough) {
  FakeProcess process;
  int depth = 0;
  process.real = [&] { return ++depth < 3 ? process.AllReduce() : ncclSuccess; };
  process.AllReduce();
  EXPECT_EQ(depth, 3);
  EXPECT_EQ(process.Operations().size(), 1u);
  process.real = [] { return ncclSuccess; };
  process.AllReduce();
  EXPECT_EQ(process.Operations().size(), 2u);
}

TEST(Hook, AFailedCallTakesNoNumberAndIsRecordedWithItsResult) {
  FakeProcess process;
  process.real = [] { return ncclSystemError; };
  EXPECT_EQ(process.AllReduce(), ncclSystemError);
  process.real = [] { return ncclSuccess; };
  process.AllReduce();
  const auto operations = process.Operations();
  ASSERT_EQ(operations.size(), 2u);
  EXPECT_EQ(operations[0].state, State::kFailed);
  EXPECT_EQ(operations[0].result, ncclSystemError);
  EXPECT_EQ(operations[0].seq, 1u);
  EXPECT_EQ(operations[1].seq, 1u);
  EXPECT_EQ(process.Read().communicators.at(0).last_seq, 1u);
}

TEST(Hook, AnInProgressAnswerIsNoFailure) {
  FakeProcess process;
  process.real = [] { return ncclInProgress; };
  EXPECT_EQ(process.AllReduce(), ncclInProgress);
  EXPECT_EQ(process.Operations().at(0).state, State::kEnqueued);
}

TEST(Hook, WaitsBeforeTheCallIsEntered) {
  FakeProcess process({"delay ncclAllReduce time=20ms"});
  const uint64_t start = MonotonicNs();
  process.AllReduce();
  EXPECT_GE(process.Operations().at(0).entered_ns, start + 20'000'000);
}

TEST(Hook, TheDecisionIsRecordedBeforeTheOperationItChanges) {
  FakeProcess process({"mutate ncclAllReduce field=count value=5"});
  process.AllReduce(16);
  const auto events = process.Read().events;
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, Kind::kInjection);
  EXPECT_EQ(events[1].count, 5u);
}

TEST(Hook, FaultsOfOtherRanksChangeNothing) {
  FakeProcess process({"fail ncclAllReduce rank=3 result=ncclRemoteError"});
  EXPECT_EQ(process.AllReduce(), ncclSuccess);
  EXPECT_EQ(process.Read().events.size(), 1u);
}

TEST(Hook, AFaultedCallDoesNotReachTheRealFunction) {
  FakeProcess process({"fail ncclAllReduce call=1 result=ncclRemoteError", "skip ncclAllReduce call=2"});
  int calls = 0;
  process.real = [&] {
    ++calls;
    return ncclSuccess;
  };
  EXPECT_EQ(process.AllReduce(), ncclRemoteError);
  EXPECT_EQ(process.AllReduce(), ncclSuccess);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(process.AllReduce(), ncclSuccess);
  EXPECT_EQ(calls, 1);
}

TEST(DeviceTimes, AnOperationStartsAndFinishesWithItsEvents) {
  FakeProcess process;
  process.AllReduce();
  TheDevice().completed = 0;
  process.Poll();
  EXPECT_EQ(process.Operations().at(0).state, State::kEnqueued);
  EXPECT_EQ(process.Operations().at(0).started_ns, 0u);
  TheDevice().completed = 1;
  process.Poll();
  EXPECT_EQ(process.Operations().at(0).state, State::kEnqueued);
  EXPECT_NE(process.Operations().at(0).started_ns, 0u);
  TheDevice().completed = 1 << 30;
  process.Poll();
  EXPECT_EQ(process.Operations().at(0).state, State::kDone);
  EXPECT_EQ(TheProcess().times.in_flight(), 0u);
}

TEST(DeviceTimes, DurationsAreThoseOfTheDevice) {
  FakeProcess process;
  process.AllReduce();
  process.Poll();
  process.AllReduce();  // its events come after those of the calibration: the fake clock runs on
  process.Poll();
  const record::Event event = process.Operations().at(1);
  EXPECT_NEAR(static_cast<double>(event.finished_ns - event.started_ns), 1e6, 1e4);
}

TEST(DeviceTimes, WhatCompletesAfterAnAbortWasCutOff) {
  FakeProcess process;
  TheDevice().completed = 0;
  process.AllReduce();
  process.comm()->ended_ns = 1;
  TheDevice().completed = 1 << 30;
  process.Poll();
  EXPECT_EQ(process.Operations().at(0).state, State::kAborted);
}

TEST(DeviceTimes, ADeviceErrorLeavesTheOperationUntracked) {
  FakeProcess process;
  process.AllReduce();
  TheDevice().error = cudaErrorIllegalAddress;
  process.Poll();
  EXPECT_EQ(process.Operations().at(0).state, State::kUntracked);
}

TEST(DeviceTimes, AFullQueueGivesUpTimesNotCalls) {
  FakeProcess process;
  TheDevice().completed = 0;
  for (int i = 0; i < 17000; ++i) ASSERT_EQ(process.AllReduce(), ncclSuccess);
  EXPECT_EQ(process.Operations().back().state, State::kUntracked);
  TheDevice().completed = 1 << 30;
  process.Poll();
  process.AllReduce();
  process.Poll();
  EXPECT_EQ(process.Operations().back().state, State::kDone);
}

TEST(PointerMap, FindsWhatWasInsertedUntilItIsErased) {
  static PointerMap<uint32_t, 64> map;
  char keys[40];
  for (uint32_t i = 0; i < 40; ++i) EXPECT_TRUE(map.Insert(&keys[i] + 64, i + 1));
  for (uint32_t i = 0; i < 40; ++i) EXPECT_EQ(map.Find(&keys[i] + 64, 0), i + 1);
  EXPECT_EQ(map.Erase(&keys[7] + 64, 0), 8u);
  EXPECT_EQ(map.Find(&keys[7] + 64, 0), 0u);
  EXPECT_EQ(map.Find(&keys[8] + 64, 0), 9u);
  EXPECT_EQ(map.Find(nullptr, 77), 77u);
}

TEST(PointerMap, SaysWhenItIsFullAndReusesErasedSlots) {
  static PointerMap<uint32_t, 64> map;
  static char keys[200];
  uint32_t stored = 0;
  while (map.Insert(&keys[stored], stored + 1)) ++stored;
  EXPECT_EQ(stored, 64u);
  EXPECT_EQ(map.Erase(&keys[10], 0), 11u);
  EXPECT_TRUE(map.Insert(&keys[150], 151));
  EXPECT_EQ(map.Find(&keys[150], 0), 151u);
}

}  // namespace
}  // namespace rankle::hooks
