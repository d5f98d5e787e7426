// What each rank holds in device memory, from the events of synthetic jobs.
#include "analyzer/localize/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle::localize {
namespace {

using testing::DdpJob;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kMiB = 1 << 20;

TEST(MemoryTest, WithoutRecordsNothingIsSaid) {
  EXPECT_THAT(FindMemoryUse(DdpJob(4).job.Build()), IsEmpty());
}

// Steps of DdpJob begin at 0.1 * step.
TEST(MemoryTest, WhatIsFreedWithinAStepIsNotHeld) {
  DdpJob j(2);
  j.job.MemoryInUse(0, 0.05, 100 * kMiB);
  for (int step = 1; step <= 20; ++step) {
    j.job.MemoryInUse(0, 0.1 * step + 0.01, 400 * kMiB).MemoryInUse(0, 0.1 * step + 0.07, 100 * kMiB);
  }
  const auto use = FindMemoryUse(j.job.Build());
  ASSERT_THAT(use, SizeIs(1));
  EXPECT_EQ(use[0].usual_bytes, static_cast<int64_t>(100 * kMiB));
  EXPECT_EQ(use[0].peak_bytes, static_cast<int64_t>(400 * kMiB));
  EXPECT_EQ(use[0].growth_bytes, 0);
}

TEST(MemoryTest, GrowthIsMeasuredAfterTheWarmUp) {
  DdpJob j(3);
  for (int r = 0; r < 3; ++r) j.job.MemoryInUse(r, 0.05, 50 * kMiB).MemoryInUse(r, 0.15, 1000 * kMiB);
  for (int step = 5; step <= 20; ++step)
    j.job.MemoryInUse(1, 0.1 * step + 0.01, (1000 + 10 * static_cast<uint64_t>(step)) * kMiB);
  const auto use = FindMemoryUse(j.job.Build());
  ASSERT_THAT(use, SizeIs(3));
  EXPECT_EQ(use[0].growth_bytes, 0);  // the jump to 1000 MiB is part of the first steps
  EXPECT_EQ(use[1].peers, 2);
  EXPECT_EQ(use[1].peers_growth_bytes, 0);
  EXPECT_NEAR(static_cast<double>(use[1].growth_bytes) / kMiB, 150, 12);
  EXPECT_LT(use[1].trend.p, 1e-6);
}

TEST(MemoryTest, WhatIsFreedOnTheWayOutIsNotLookedAt) {
  DdpJob j(2);
  j.job.MemoryInUse(0, 0.05, 100 * kMiB).MemoryInUse(0, 2.5, 0);
  const auto use = FindMemoryUse(j.job.Build());
  ASSERT_THAT(use, SizeIs(1));
  EXPECT_EQ(use[0].last_bytes, static_cast<int64_t>(100 * kMiB));
}

}  // namespace
}  // namespace rankle::localize
