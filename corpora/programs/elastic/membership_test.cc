#include "corpora/programs/elastic/membership.h"

#include <gtest/gtest.h>

namespace rankle::programs {
namespace {

TEST(Membership, NobodyLeavesByDefault) {
  const auto membership = Membership::Parse({}, 0);
  ASSERT_TRUE(membership.ok()) << membership.status();
  EXPECT_EQ(membership->Members(1, 3), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(membership->HighestRank(), -1);
}

TEST(Membership, ARankIsAwayFromItsStepOn) {
  const auto membership = Membership::Parse({"10:1", "20:3"}, 0);
  ASSERT_TRUE(membership.ok()) << membership.status();
  EXPECT_EQ(membership->Members(9, 4), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(membership->Members(10, 4), (std::vector<int>{0, 2, 3}));
  EXPECT_EQ(membership->Members(20, 4), (std::vector<int>{0, 2}));
  EXPECT_EQ(membership->Members(1000, 4), (std::vector<int>{0, 2}));
  EXPECT_EQ(membership->HighestRank(), 3);
}

TEST(Membership, AllThatLeftBeforeAreBackWithTheJoin) {
  const auto membership = Membership::Parse({"10:1", "20:3", "40:2"}, 30);
  ASSERT_TRUE(membership.ok()) << membership.status();
  EXPECT_EQ(membership->Members(29, 4), (std::vector<int>{0, 2}));
  EXPECT_EQ(membership->Members(30, 4), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(membership->Members(40, 4), (std::vector<int>{0, 1, 3}));
}

TEST(Membership, RefusesWhatItCannotRead) {
  for (const char* text : {"", "3", "3:", ":3", "0:1", "-4:1", "4:0", "4:-1", "x:1", "4:1:2"}) {
    EXPECT_FALSE(Membership::Parse({text}, 0).ok()) << text;
  }
  EXPECT_FALSE(Membership::Parse({"30:1"}, 30).ok());
}

}  // namespace
}  // namespace rankle::programs
