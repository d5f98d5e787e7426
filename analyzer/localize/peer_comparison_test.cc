#include "analyzer/localize/peer_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rankle::localize {
namespace {

constexpr int64_t kMs = 1'000'000;
using Times = std::vector<std::vector<int64_t>>;

// Every rank takes 10 ms an iteration; `slow` ones 12 ms from iteration `since` on.
Times Job(size_t ranks, size_t iterations, const std::vector<size_t>& slow, size_t since) {
  Times own(ranks, std::vector<int64_t>(iterations, 10 * kMs));
  for (size_t r : slow)
    std::fill(own[r].begin() + static_cast<std::ptrdiff_t>(since), own[r].end(), 12 * kMs);
  return own;
}

TEST(PeerComparisonTest, SlowStretchOfOneRankIsFoundWithItsSize) {
  const PeerComparison peers(Job(4, 10, {3}, 4));
  const auto found = peers.FindSlow(3);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->first, 4u);
  EXPECT_EQ(found->last, 10u);
  EXPECT_EQ(found->slow_iterations, 6);
  EXPECT_EQ(found->own_ns, 12 * kMs);
  EXPECT_EQ(found->normal_ns, 10 * kMs);
  EXPECT_DOUBLE_EQ(found->factor, 1.2);
  EXPECT_EQ(found->noise, 0);
  EXPECT_EQ(found->chance, 0);
  // Six of six where chance is taken to be at least one in ten: about 10^-6, for six of six counts as 0.999.
  EXPECT_NEAR(found->surprise, 6, 0.05);
  for (size_t r : {0, 1, 2}) EXPECT_FALSE(peers.FindSlow(r).has_value()) << r;
}

TEST(PeerComparisonTest, FourSlowIterationsAreTooFew) {
  EXPECT_FALSE(PeerComparison(Job(4, 10, {3}, 6)).FindSlow(3).has_value());
  EXPECT_TRUE(PeerComparison(Job(4, 10, {3}, 5)).FindSlow(3).has_value());
}

TEST(PeerComparisonTest, UpToHalfOfTheRanksMayBeSlow) {
  const struct {
    size_t ranks;
    std::vector<size_t> slow;
  } cases[] = {{2, {0}}, {4, {1, 2}}, {5, {0, 4}}, {8, {0, 2, 4, 6}}};
  for (const auto& [ranks, slow] : cases) {
    const PeerComparison peers(Job(ranks, 20, slow, 5));
    for (size_t r = 0; r < ranks; ++r) {
      const bool expected = std::find(slow.begin(), slow.end(), r) != slow.end();
      EXPECT_EQ(peers.FindSlow(r).has_value(), expected) << "rank " << r << " of " << ranks;
    }
  }
}

TEST(PeerComparisonTest, ChanceIsWhatHappensToTheOthersButTheSlowestQuarter) {
  Times own = Job(9, 20, {8}, 0);
  const auto slow_every_fourth = [&](size_t r) {
    for (size_t k = r; k < 20; k += 4) own[r][k] = 12 * kMs;
  };
  slow_every_fourth(0), slow_every_fourth(1);
  EXPECT_EQ(PeerComparison(own).FindSlow(8)->chance, 0);
  slow_every_fourth(2);  // of six others that count, one is slow in 5 of 20 iterations
  EXPECT_DOUBLE_EQ(PeerComparison(own).FindSlow(8)->chance, 5.0 / (6 * 20));
}

// Ranks that differ by -10, -5, 0, 5 and 10 %: the usual difference is 5 %, in small groups and in large
// ones, of which a sample is looked at.
TEST(PeerComparisonTest, NoiseIsTheUsualDifferenceAmongTheOthers) {
  for (size_t ranks : {101, 2001}) {
    Times own(ranks);
    for (size_t r = 0; r < ranks; ++r) {
      const int64_t percent = r + 1 == ranks ? 200 : 90 + 5 * static_cast<int64_t>(r % 5);
      own[r].assign(10, percent * kMs);
    }
    const auto found = PeerComparison(own).FindSlow(ranks - 1);
    ASSERT_TRUE(found.has_value()) << ranks;
    EXPECT_NEAR(found->noise, 1.4826 * 0.05, 1e-9) << ranks;
    EXPECT_DOUBLE_EQ(found->factor, 2);
  }
}

// Of two ranks the other cannot be compared with its like, so it is compared with its own past.
TEST(PeerComparisonTest, NoiseOfASinglePeerIsItsChangeFromIterationToIteration) {
  Times own(2, std::vector<int64_t>(10, 20 * kMs));
  for (size_t k = 0; k < 10; ++k) own[0][k] = k % 2 == 0 ? 10 * kMs : 11 * kMs;
  const auto found = PeerComparison(own).FindSlow(1);
  ASSERT_TRUE(found.has_value());
  // Up by 1/10, down by 1/11, nine changes: five up.
  EXPECT_NEAR(found->noise, 1.4826 * 0.1, 1e-9);
}

// Two ranks on one crowded host displace each other by turns: neither has a fault of its own.
TEST(PeerComparisonTest, NoiseOfASinglePeerIsAlsoWhatItShowsInItsOwnTurn) {
  Times own(2, std::vector<int64_t>(40, 10 * kMs));
  std::fill(own[0].begin() + 5, own[0].begin() + 15, 30 * kMs);
  std::fill(own[1].begin() + 20, own[1].begin() + 30, 25 * kMs);
  const auto first = PeerComparison(own).FindSlow(0), second = PeerComparison(own).FindSlow(1);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_DOUBLE_EQ(first->noise, 1.5);
  EXPECT_DOUBLE_EQ(second->noise, 2);
  // A short turn beside a long one counts for its share.
  std::fill(own[0].begin() + 5, own[0].begin() + 20, 30 * kMs);
  std::fill(own[1].begin() + 20, own[1].end(), 10 * kMs);
  std::fill(own[1].begin() + 20, own[1].begin() + 25, 25 * kMs);
  EXPECT_DOUBLE_EQ(PeerComparison(own).FindSlow(0)->noise, 0.5);
}

}  // namespace
}  // namespace rankle::localize
