// Who the others wait for, by durations alone.
#include "analyzer/localize/last_arrival.h"

#include <gtest/gtest.h>

#include "analyzer/testing/job_builder.h"

namespace rankle::localize {
namespace {

const LastArrival* Of(const std::vector<LastArrival>& all, int32_t rank) {
  for (const LastArrival& a : all) {
    if (a.rank == rank) return &a;
  }
  return nullptr;
}

// Rank 1 enters 8 ms late; its partner in a pair waits for it there, and is itself late elsewhere.
TEST(LastArrivalTest, TheOneThatIsLateByItselfWaitsNowhere) {
  testing::JobBuilder job(4);
  const int pair = job.Communicator("pair", {0, 1}), across = job.Communicator("across", {0, 2}),
            other = job.Communicator("other", {1, 3});
  for (int step = 1; step <= 10; ++step) {
    const double t = step * 0.1;
    job.Collective(pair, t, t + 0.010, {0, 0.008});
    job.Collective(across, t + 0.02, t + 0.030, {0.008, 0});
    job.Collective(other, t + 0.02, t + 0.030, {0.008, 0});
  }
  job.ObservedUntil(2);
  const std::vector<LastArrival> found = FindLastArrivals(job.Build());
  ASSERT_EQ(found.size(), 4u);
  const LastArrival &straggler = *Of(found, 1), &partner = *Of(found, 0);
  EXPECT_EQ(straggler.collectives, 20);
  EXPECT_EQ(straggler.late, 20);
  EXPECT_NEAR(straggler.late_ns, 8e6, 1e3);
  EXPECT_NEAR(straggler.held_ns, 160e6, 1e4);
  EXPECT_NEAR(straggler.waited_ns, 0, 1e4);
  EXPECT_NEAR(straggler.shortest_ns, 2e6, 1e3);
  EXPECT_NEAR(straggler.surprise, 20 * std::log10(2.0), 1e-9);
  EXPECT_EQ(partner.late, 10);
  EXPECT_NEAR(partner.waited_ns, 80e6, 1e4);
  EXPECT_EQ(partner.surprise, 0);
  EXPECT_EQ(Of(found, 3)->late, 0);
}

TEST(LastArrivalTest, WhatLacksARecordOrNeedsNotEverybodyIsNotJudged) {
  testing::JobBuilder job(3);
  const int dp = job.Communicator("dp", {0, 1, 2});
  job.Collective(dp, 1, 1.1, {0, 0.05, 0}, "ncclBroadcast");
  job.Add({.rank = 0, .communicator = dp, .entered = 2, .finished = 2.1});
  job.ObservedUntil(3);
  EXPECT_TRUE(FindLastArrivals(job.Build()).empty());
}

}  // namespace
}  // namespace rankle::localize
