// From transport counts to slow links, senders and receivers.
#include "analyzer/localize/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "analyzer/testing/job_builder.h"
#include "tracer/transport/histogram.h"

namespace rankle::localize {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kRanks = 4;
constexpr int64_t kSecond = 1'000'000'000;
constexpr double kUs = 1000;

store::Store Job() {
  testing::JobBuilder job(kRanks);
  job.Steps(job.Communicator("world", {0, 1, 2, 3}), 1, 3);
  job.ObservedUntil(60);
  return job.Build();
}

// 500 steps: most of them at `ns`, the unlucky half at up to ten times that.
store::Transfer::Times Around(double ns, int64_t begin = 0, bool per_mib = false) {
  store::Transfer::Times times;
  times.begin = begin, times.end = begin + 5 * kSecond, times.per_mib = per_mib;
  times.counts.resize(transport::kBuckets);
  const auto add = [&](double value, uint32_t n) {
    times.counts[transport::BucketOf(static_cast<uint64_t>(value))] += n;
  };
  add(ns, 250), add(ns * 2, 150), add(ns * 10, 100);
  times.bytes = 500ull << 20;
  return times;
}

using TimeOf = std::function<double(int source, int destination)>;

void AddTransfers(store::Store& store, const TimeOf& ns, const TimeOf& recent_ns = nullptr) {
  for (int i = 0; i < kRanks; ++i) {
    for (int j = 0; j < kRanks; ++j) {
      if (i == j) continue;
      store::Transfer& t = store.transfers.emplace_back();
      t.communicator = 0, t.source = i, t.destination = j, t.has_source = true;
      t.last_sent = 5 * kSecond;
      t.life.push_back(Around(ns(i, j)));
      if (recent_ns == nullptr) continue;
      t.windows.push_back(Around(recent_ns(i, j), 50 * kSecond));
      for (int b = 0; b < transport::kBuckets; ++b) t.life[0].counts[b] += t.windows[0].counts[b];
    }
  }
}

TEST(TransferTest, NoTransfersNoFindings) { EXPECT_THAT(FindSlowTransfers(Job()), IsEmpty()); }

TEST(TransferTest, EvenTransfersAreHealthy) {
  store::Store store = Job();
  AddTransfers(store, [](int, int) { return 300 * kUs; });
  EXPECT_THAT(FindSlowTransfers(store), IsEmpty());
}

TEST(TransferTest, ASlowLinkIsNamedWithItsFactorAndShare) {
  store::Store store = Job();
  AddTransfers(store, [](int i, int j) { return i == 0 && j == 2 ? 2000 * kUs : 200 * kUs; });
  const auto found = FindSlowTransfers(store);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].part, SlowPart::kCell);
  EXPECT_EQ(found[0].source, 0);
  EXPECT_EQ(found[0].destination, 2);
  EXPECT_NEAR(found[0].factor, 10, 1);
  EXPECT_NEAR(found[0].share, 500 * 0.0018 / 4.98, 0.02);  // 1.8 ms more for 500 steps in 5 s of traffic
  EXPECT_FALSE(found[0].recent);
}

TEST(TransferTest, SlowSendsAndSlowReceivesAreTheRank) {
  store::Store store = Job();
  AddTransfers(store, [](int i, int) { return i == 3 ? 2000 * kUs : 200 * kUs; });
  auto found = FindSlowTransfers(store);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].part, SlowPart::kRow);
  EXPECT_EQ(found[0].source, 3);
  store.transfers.clear();
  AddTransfers(store, [](int, int j) { return j == 1 ? 2000 * kUs : 200 * kUs; });
  found = FindSlowTransfers(store);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].part, SlowPart::kColumn);
  EXPECT_EQ(found[0].destination, 1);
}

TEST(TransferTest, AnUnevenNetworkIsJudgedByItsOwnPast) {
  store::Store store = Job();
  // Links differ by a factor of ten all along; one of the fast ones became three times slower.
  const auto uneven = [](int i, int j) { return (i + j) % 2 == 0 ? 2000 * kUs : (i < j ? 200 : 700) * kUs; };
  AddTransfers(store, uneven, [&](int i, int j) { return uneven(i, j) * (i == 0 && j == 1 ? 3 : 1); });
  const auto found = FindSlowTransfers(store);
  ASSERT_FALSE(found.empty());
  int recent = 0;
  for (const SlowTransfer& t : found) {
    if (!t.recent) continue;
    ++recent;
    EXPECT_EQ(t.source, 0);
    EXPECT_EQ(t.destination, 1);
    EXPECT_NEAR(t.factor, 3, 0.5);
    EXPECT_EQ(t.since, 45 * kSecond);
  }
  EXPECT_EQ(recent, 1);
}

TEST(TransferTest, LinksBetweenHostsAreNotComparedWithThoseInside) {
  store::Store store = Job();
  for (int r : {2, 3}) store.processes[store.ranks[r].process].host = "other";
  AddTransfers(store, [](int i, int j) { return i / 2 == j / 2 ? 50 * kUs : 800 * kUs; });
  EXPECT_THAT(FindSlowTransfers(store), IsEmpty());
}

TEST(TransferTest, TheFittedMatrixTellsSenderFromLink) {
  store::Store store = Job();
  AddTransfers(store, [](int i, int j) { return (i == 3 ? 400 : i == 0 && j == 1 ? 600 : 100) * kUs; });
  const std::vector<TransferMatrix> matrices = FitTransfers(store);
  ASSERT_THAT(matrices, SizeIs(1));
  EXPECT_FALSE(matrices[0].per_mib);
  EXPECT_NEAR(matrices[0].sender[3], 4, 0.6);
  EXPECT_NEAR(matrices[0].sender[1], 1, 0.2);
  EXPECT_THAT(matrices[0].links, SizeIs(kRanks * (kRanks - 1)));
  for (const FittedTransfer& t : matrices[0].links) {
    EXPECT_NEAR(t.factor, t.expected * t.left, 1e-9);
    EXPECT_NEAR(t.left, t.source == 0 && t.destination == 1 ? 6 : 1, t.source == 0 ? 1.0 : 0.3);
    if (t.source == 3) {
      EXPECT_NEAR(t.measured_ns, 400 * kUs, 40 * kUs);
    }
  }
}

TEST(TransferTest, WithoutTimesThereIsNoMatrix) { EXPECT_THAT(FitTransfers(Job()), IsEmpty()); }

TEST(TransferTest, FewStepsSayNothing) {
  store::Store store = Job();
  AddTransfers(store, [](int i, int) { return i == 3 ? 2000 * kUs : 200 * kUs; });
  for (store::Transfer& t : store.transfers) {
    std::fill(t.life[0].counts.begin(), t.life[0].counts.end(), 0);
    t.life[0].counts[transport::BucketOf(t.source == 3 ? 2'000'000 : 200'000)] = 39;
  }
  EXPECT_THAT(FindSlowTransfers(store), IsEmpty());
}

}  // namespace
}  // namespace rankle::localize
