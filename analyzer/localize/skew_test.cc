// Who came first and last, whatever is on record.
#include "analyzer/localize/skew.h"

#include <gtest/gtest.h>

#include "analyzer/testing/job_builder.h"

namespace rankle::localize {
namespace {

TEST(SkewTest, FirstAndLastArrivalOfEachCollectiveInOrderOfTime) {
  testing::JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3}), pair = job.Communicator("pair", {1, 3});
  job.Collective(dp, 1.0, 1.5, {0, 0.2, 0, 0.1});
  job.Collective(pair, 0.5, 0.6, {0.03, 0});
  job.Add({.rank = 0, .communicator = dp, .entered = 2, .finished = 2.1});  // alone on record
  job.ObservedUntil(3);
  const store::Store store = job.Build();
  const auto skews = FindSkews(store);
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_EQ(store.communicators[skews[0].communicator].name, "pair");
  EXPECT_EQ(store.GlobalRank(skews[0].first_rank), 3);
  EXPECT_EQ(store.GlobalRank(skews[0].last_rank), 1);
  EXPECT_EQ(skews[0].last - skews[0].first, 30'000'000);
  EXPECT_EQ(skews[1].ranks, 4);
  EXPECT_EQ(store.GlobalRank(skews[1].last_rank), 1);
  EXPECT_EQ(skews[1].last - skews[1].first, 200'000'000);
  EXPECT_EQ(skews[1].EndsApart(), 0);
}

}  // namespace
}  // namespace rankle::localize
