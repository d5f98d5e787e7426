// A slow link costs no more than the job spends communicating, and nothing that is not known.
#include "analyzer/localize/transfer_cost.h"

#include <gtest/gtest.h>

namespace rankle::localize {
namespace {

constexpr int64_t kMs = 1'000'000;

// Iterations of 100 ms, of which `communication_ms` inside operations; from 1 s on those of 200 ms.
IterationSeries Series(std::vector<int32_t> ranks, int64_t communication_ms) {
  IterationSeries series;
  series.ranks = std::move(ranks);
  for (int i = 0; i < 10; ++i)
    series.iterations.push_back({i, i * 100 * kMs, 100 * kMs, communication_ms * kMs, 1});
  for (int i = 0; i < 5; ++i)
    series.iterations.push_back({10 + i, (1000 + i * 200) * kMs, 200 * kMs, communication_ms * kMs, 1});
  return series;
}

SlowTransfer Link(int32_t source, int32_t destination, double share, int64_t since_ms = 0) {
  SlowTransfer link;
  link.source = source, link.destination = destination, link.share = share, link.since = since_ms * kMs;
  return link;
}

double CostMs(const std::vector<IterationSeries>& series, SlowTransfer link) {
  std::vector<SlowTransfer> links = {link};
  AddCosts(series, links);
  return links[0].cost_ns / kMs;
}

TEST(TransferCostTest, AShareOfTheUsualIteration) {
  EXPECT_DOUBLE_EQ(CostMs({Series({0, 1}, 60)}, Link(0, 1, 0.3)), 30);
  EXPECT_DOUBLE_EQ(CostMs({Series({0, 1}, 60)}, Link(0, store::kNone, 0.3)), 30);
}

TEST(TransferCostTest, OfWhatTheKernelSawTheShareBeyondTheUsualOneOfAMeanIteration) {
  store::Store store;
  store.ranks.resize(2);
  store.ranks[0].global = 4, store.ranks[1].global = 7;
  SlowConnection link;
  link.source = 7, link.destination = 4, link.share = 0.35, link.normal = 0.05;
  std::vector<SlowConnection> links = {link, link};
  links[1].source = 5;  // takes no part in any series
  AddCosts(store, {Series({0, 1}, 60)}, links);
  EXPECT_NEAR(links[0].cost_s, 0.3 * (10 * 0.1 + 5 * 0.2) / 15, 1e-12);
  EXPECT_EQ(links[1].cost_s, 0);
}

TEST(TransferCostTest, NoMoreThanTheJobCommunicates) {
  EXPECT_DOUBLE_EQ(CostMs({Series({0, 1}, 20)}, Link(0, 1, 0.9)), 20);
}

TEST(TransferCostTest, OfIterationsSinceItIsSlow) {
  EXPECT_DOUBLE_EQ(CostMs({Series({0, 1}, 60)}, Link(0, 1, 0.1, 1000)), 20);
}

TEST(TransferCostTest, OnlySeriesOfItsRanksCount) {
  EXPECT_DOUBLE_EQ(CostMs({Series({0, 1}, 60), Series({2, 3}, 90)}, Link(2, 3, 0.8)), 80);
  EXPECT_DOUBLE_EQ(CostMs({Series({0, 1}, 60)}, Link(2, 3, 0.8)), 0);
  EXPECT_DOUBLE_EQ(CostMs({}, Link(2, 3, 0.8)), 0);
}

}  // namespace
}  // namespace rankle::localize
