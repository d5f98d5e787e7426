// Clocks of hosts that are off and drift, recovered from what their ranks did together.
#include "analyzer/import/host_clocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "analyzer/testing/diagnose.h"

namespace rankle::import {
namespace {

using ::testing::IsEmpty;
using testing::Jitter;
using testing::JobBuilder;
using testing::Op;
using ::testing::SizeIs;

constexpr double kSpread = 0.0001;  // members leave a collective within 100 us

// One all-reduce every `period` seconds, in `communicator` over the global ranks `ranks`.
void Together(JobBuilder& job, int communicator, const std::vector<int>& ranks, int count, double period) {
  for (int i = 0; i < count; ++i) {
    for (int r : ranks) {
      Op op;
      op.rank = r, op.communicator = communicator, op.entered = 0.1 + period * i;
      op.finished = op.entered + 0.01 + Jitter(r, i, kSpread);
      job.Add(op);
    }
  }
}

// The largest difference between the first ends of collective `seq` on any two ranks, in seconds.
double WorstSpread(const store::Store& store) {
  double worst = 0;
  const auto& members = store.communicators[0].members;
  for (size_t k = 0; k < members[0].collectives.size(); ++k) {
    int64_t first = INT64_MAX, last = 0;
    for (const store::Member& m : members) {
      first = std::min(first, store.operations.finished[m.collectives[k]]);
      last = std::max(last, store.operations.finished[m.collectives[k]]);
    }
    worst = std::max(worst, static_cast<double>(last - first) * 1e-9);
  }
  return worst;
}

TEST(HostClocksTest, OneHostHasNothingToRelate) {
  JobBuilder job(2);
  Together(job, job.Communicator("dp", {0, 1}), {0, 1}, 10, 0.1);
  EXPECT_THAT(job.Build().clocks, IsEmpty());
}

TEST(HostClocksTest, OffsetAndDriftAreRecoveredWithinTheirUncertainty) {
  for (double ahead : {3.2, -7.5}) {
    for (double ppm : {0.0, 200.0, -200.0}) {
      JobBuilder job(4);
      for (int r : {2, 3}) job.OnHost(r, "far", ahead, ppm);
      Together(job, job.Communicator("dp", {0, 1, 2, 3}), {0, 1, 2, 3}, 300, 0.5);
      const store::Store store = job.Build();
      ASSERT_THAT(store.clocks, SizeIs(2));
      const store::HostClock& far = store.clocks[1];
      EXPECT_EQ(far.host, "far");
      EXPECT_NEAR(far.drift * 1e6, ppm, 2 * kSpread / 150 * 1e6);
      EXPECT_GT(far.uncertainty_ns, 0);
      EXPECT_LE(static_cast<double>(far.uncertainty_ns) * 1e-9, 2 * kSpread) << ahead << " " << ppm;
      // On one axis again: the members leave as close together as they did, and the estimate's error more.
      EXPECT_LE(WorstSpread(store), kSpread + static_cast<double>(far.uncertainty_ns) * 1e-9)
          << ahead << " " << ppm;
    }
  }
}

TEST(HostClocksTest, HostsAreRelatedThroughOthers) {
  JobBuilder job(3);
  job.OnHost(0, "a").OnHost(1, "b", 4, 150).OnHost(2, "c", -5, -120);
  const int ab = job.Communicator("ab", {0, 1}), cb = job.Communicator("cb", {2, 1});
  Together(job, ab, {0, 1}, 200, 0.5);
  Together(job, cb, {1, 2}, 200, 0.5);
  const store::Store store = job.Build();
  ASSERT_THAT(store.clocks, SizeIs(3));
  const auto& o = store.operations;
  for (size_t k : {10u, 190u}) {  // the k-th operation of a and of c began at the same time
    const double apart =
        static_cast<double>(o.entered[store.rank_begin(0) + k] - o.entered[store.rank_begin(2) + k]) * 1e-9;
    EXPECT_LE(std::abs(apart), static_cast<double>(store.clocks[2].uncertainty_ns) * 1e-9) << k;
    EXPECT_LE(std::abs(apart), 4 * kSpread) << k;
  }
}

TEST(HostClocksTest, BeforeTheFirstCollectiveTheCreationOfTheCommunicatorHasToDo) {
  JobBuilder job(2);
  job.OnHost(1, "far", 3);
  job.Communicator("dp", {0, 1});
  job.ObservedUntil(0.1);
  const store::Store store = job.Build();
  ASSERT_THAT(store.clocks, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(store.clocks[1].offset_ns), 3e9, 1e3);
}

TEST(HostClocksTest, HostThatSharesNothingIsUncertainBySecondsAndSaysSo) {
  JobBuilder job(2);
  job.OnHost(1, "far");
  Together(job, job.Communicator("a", {0}), {0}, 10, 0.1);
  Together(job, job.Communicator("b", {1}), {1}, 10, 0.1);
  const store::Store store = job.Build();
  EXPECT_EQ(store.quality.clock_uncertainty_us, 1e6);
  ASSERT_THAT(store.quality.notes, SizeIs(1));
  EXPECT_THAT(store.quality.notes[0], ::testing::HasSubstr("host far"));
}

}  // namespace
}  // namespace rankle::import
