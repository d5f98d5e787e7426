// Chains of waiting as columns of boxes.
#include "analyzer/report/html/wait_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "analyzer/testing/diagnose.h"

namespace rankle::html {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

WaitPicture Picture(const testing::JobBuilder& job) {
  const Report report = testing::Diagnose(job);
  const Context context(report);
  return GroupWaits(*context.store, *context.facts, context.parts);
}

const RankBox* BoxWith(const WaitPicture& picture, int32_t rank) {
  for (const RankBox& box : picture.ranks) {
    if (std::find(box.ranks.begin(), box.ranks.end(), rank) != box.ranks.end()) return &box;
  }
  return nullptr;
}

TEST(WaitGroupsTest, ThoseWhoWaitTogetherAreOneBoxBehindTheCulprit) {
  testing::DdpJob ddp(8);
  testing::Enter(ddp.job, ddp.dp, 2.5, {0, 1, 2, 4, 5, 6, 7});
  ddp.job.ObservedUntil(20);
  const WaitPicture picture = Picture(ddp.job);
  ASSERT_THAT(picture.ranks, SizeIs(2));
  EXPECT_TRUE(picture.ranks[0].culprit);
  EXPECT_EQ(picture.ranks[0].column, 0);
  EXPECT_THAT(picture.ranks[0].ranks, ElementsAre(3));
  EXPECT_EQ(picture.ranks[1].column, 2);
  EXPECT_THAT(picture.ranks[1].ranks, ElementsAre(0, 1, 2, 4, 5, 6, 7));
  ASSERT_THAT(picture.waits, SizeIs(1));
  EXPECT_EQ(picture.waits[0].operation, "AllReduce #81");
  EXPECT_EQ(picture.waits[0].communicator, "dp");
  EXPECT_EQ(picture.waits[0].waiters, 7u);
  EXPECT_TRUE(picture.waits[0].held);
  EXPECT_THAT(picture.edges, SizeIs(2));
}

TEST(WaitGroupsTest, RanksThatWaitForWaitingRanksAreFurtherAway) {
  testing::JobBuilder job(4);
  const int tp0 = job.Communicator("tp0", {0, 1}), tp1 = job.Communicator("tp1", {2, 3});
  const int dp = job.Communicator("dp", {1, 2});
  for (int c : {tp0, tp1, dp}) job.Steps(c, 1, 20);
  testing::Enter(job, dp, 3.0, {1});   // rank 2 never comes
  testing::Enter(job, tp0, 3.1, {0});  // rank 1 waits in dp
  testing::Enter(job, tp1, 3.1, {3});  // for rank 2
  job.ObservedUntil(30);
  const WaitPicture picture = Picture(job);
  ASSERT_NE(BoxWith(picture, 0), nullptr);
  EXPECT_EQ(BoxWith(picture, 2)->column, 0);
  EXPECT_EQ(BoxWith(picture, 1)->column, 2);
  EXPECT_EQ(BoxWith(picture, 3)->column, 2);
  EXPECT_EQ(BoxWith(picture, 0)->column, 4);
}

TEST(WaitGroupsTest, RanksThatWaitForEachOtherAreInTheFirstColumnWithEdgesBothWays) {
  testing::JobBuilder job(2);
  const int a = job.Communicator("a", {0, 1}), b = job.Communicator("b", {0, 1});
  for (int c : {a, b}) job.Steps(c, 1, 20);
  for (const auto& [rank, communicator] : {std::pair(0, a), std::pair(1, b)}) {
    testing::Op op;
    op.rank = rank, op.communicator = communicator, op.entered = 3, op.returned = false;
    job.Add(op);
  }
  job.ObservedUntil(30);
  const WaitPicture picture = Picture(job);
  ASSERT_THAT(picture.ranks, SizeIs(2));
  EXPECT_THAT(picture.waits, SizeIs(2));
  for (const RankBox& box : picture.ranks) EXPECT_EQ(box.column, 0);
  EXPECT_THAT(picture.edges, SizeIs(4));  // each is in one wait and holds up the other
}

TEST(WaitGroupsTest, WaitsInManyLikeCommunicatorsAreOneBox) {
  testing::JobBuilder job(40);
  std::vector<int> all(40);
  std::iota(all.begin(), all.end(), 0);
  const int world = job.Communicator("world", all);
  std::vector<int> pairs;
  pairs.reserve(20);
  for (int p = 0; p < 20; ++p)
    pairs.push_back(job.Communicator("tp" + std::to_string(p), {2 * p, 2 * p + 1}));
  job.Steps(world, 1, 20);
  for (int c : pairs) job.Steps(c, 1, 20);
  for (int p = 1; p < 20; ++p) testing::Enter(job, pairs[p], 3, {2 * p});  // nobody with an odd number comes
  job.ObservedUntil(30);
  const WaitPicture picture = Picture(job);
  ASSERT_THAT(picture.waits, SizeIs(1));
  EXPECT_EQ(picture.waits[0].operation, "AllReduce");
  EXPECT_EQ(picture.waits[0].communicator, "tp");
  EXPECT_EQ(picture.waits[0].waits, 19u);
}

TEST(WaitGroupsTest, AColumnHasAtMostSoManyBoxes) {
  testing::JobBuilder job(60);
  std::vector<int> all(60);
  std::iota(all.begin(), all.end(), 0);
  job.Steps(job.Communicator("world", all), 1, 20);
  for (int g = 0; g < 29; ++g) {  // 29 kinds of communicators, all of which wait for rank 0
    const std::string name(1, static_cast<char>('A' + g));
    const int c = job.Communicator(name + "x", {0, 2 * g + 1, 2 * g + 2});
    job.Steps(c, 1, 20);
    testing::Enter(job, c, 3, {2 * g + 1, 2 * g + 2});
  }
  job.ObservedUntil(30);
  const WaitPicture picture = Picture(job);
  EXPECT_THAT(picture.waits, SizeIs(kMostBoxes));
  EXPECT_LE(picture.ranks.size(), 2 * kMostBoxes);
  size_t ranks = 0, waits = 0;
  for (const RankBox& box : picture.ranks) ranks += box.ranks.size();
  for (const WaitBox& box : picture.waits) waits += box.waits;
  EXPECT_EQ(ranks, 59u);
  EXPECT_EQ(waits, 29u);
}

TEST(WaitGroupsTest, RanksWithoutARecordAreABoxOfTheirOwn) {
  testing::DdpJob ddp(4);
  testing::Enter(ddp.job, ddp.dp, 2.5, {0, 2, 3});
  ddp.job.WithoutRecord(1).ObservedUntil(20);
  const WaitPicture picture = Picture(ddp.job);
  ASSERT_THAT(picture.ranks, SizeIs(2));
  EXPECT_THAT(picture.ranks[1].ranks, IsEmpty());
  EXPECT_EQ(picture.ranks[1].column, 0);
  ASSERT_THAT(picture.edges, SizeIs(2));
  EXPECT_TRUE(picture.edges[1].holds);
  EXPECT_EQ(picture.edges[1].rank_box, 1u);
}

TEST(WaitGroupsTest, AHealthyJobHasNoPicture) {
  testing::DdpJob ddp(4);
  const WaitPicture picture = Picture(ddp.job);
  EXPECT_THAT(picture.waits, IsEmpty());
  EXPECT_THAT(picture.ranks, IsEmpty());
}

}  // namespace
}  // namespace rankle::html
