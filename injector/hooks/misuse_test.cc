// What the hooks note of misuse, on a process with a fake real function. Communicators, groups and threads:
// tests/misuse_run_test.cc.
#include "injector/hooks/misuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "injector/hooks/testing/fake_process.h"

namespace rankle::hooks {
namespace {

using record::Kind;
using record::Misuse;
using ::testing::IsEmpty;

TEST(Misuse, OfBothBuffersTheOneThatIsTooShortIsNoted) {
  FakeProcess process;
  TheAllocations().Add(process.send, sizeof(process.send));
  TheAllocations().Add(process.receive, sizeof(process.receive) - 4);
  process.AllReduce(16);
  const auto noted = process.Events(Kind::kMisuse);
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0].result, static_cast<uint8_t>(Misuse::kPastAllocation));
  EXPECT_EQ(noted[0].count, 64u);
  EXPECT_EQ(noted[0].stream, 4u);
  EXPECT_EQ(noted[0].seq, 1u);
  EXPECT_EQ(noted[0].flags & record::kFlagInput, 0);
}

TEST(Misuse, WhatFitsExactlyOrLiesElsewhereIsNone) {
  FakeProcess process;
  TheAllocations().Add(process.send, sizeof(process.send));
  process.AllReduce(16);
  EXPECT_THAT(process.Events(Kind::kMisuse), IsEmpty());
}

TEST(Misuse, AFreedAllocationIsNotJudgedBy) {
  FakeProcess process;
  TheAllocations().Add(process.send, 4);
  TheAllocations().Remove(process.send);
  process.AllReduce(16);
  EXPECT_THAT(process.Events(Kind::kMisuse), IsEmpty());
}

TEST(Misuse, ACallSiteThatRepeatsItIsNotedOnce) {
  FakeProcess process;
  TheAllocations().Add(process.send, 4);
  for (int i = 0; i < 5; ++i) process.AllReduce(16);
  EXPECT_EQ(process.Events(Kind::kMisuse).size(), 1u);
  EXPECT_EQ(process.Operations().size(), 5u);
}

TEST(Misuse, AfterAnInProgressAnswerTheNextCallIsTooEarly) {
  FakeProcess process;
  process.real = [] { return ncclInProgress; };
  process.AllReduce();
  EXPECT_THAT(process.Events(Kind::kMisuse), IsEmpty());
  process.AllReduce();
  const auto noted = process.Events(Kind::kMisuse);
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0].result, static_cast<uint8_t>(Misuse::kCommNotReady));
  EXPECT_EQ(noted[0].seq, 2u);
}

TEST(Misuse, AFreedHandleIsKnownUntilItIsGivenOutAgain) {
  FakeProcess process;
  CommTable& comms = TheProcess().comms;
  const ncclComm_t handle = comms.HandleAt(0);
  const uint16_t index = process.comm()->index;
  comms.Release(handle);
  EXPECT_EQ(comms.FreedWith(handle), index + 1u);
  process.AllReduce();
  const auto noted = process.Events(Kind::kMisuse);
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0].result, static_cast<uint8_t>(Misuse::kCommGone));
  EXPECT_EQ(noted[0].comm, index);
  comms.Bind(handle, comms.Allocate());
  EXPECT_EQ(comms.FreedWith(handle), 0u);
}

}  // namespace
}  // namespace rankle::hooks
