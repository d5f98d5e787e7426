#include "corpora/programs/common/duration.h"

#include <gtest/gtest.h>

namespace rankle::programs {
namespace {

TEST(ParseDuration, ReadsEveryUnit) {
  using namespace std::chrono_literals;
  EXPECT_EQ(*ParseDuration("20ms"), 20ms);
  EXPECT_EQ(*ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(*ParseDuration("250us"), 250us);
  EXPECT_EQ(*ParseDuration("7ns"), 7ns);
  EXPECT_EQ(*ParseDuration("2"), 2s);
}

TEST(ParseDuration, RefusesTheRest) {
  for (const char* text : {"", "ms", "-1s", "5min", "1e30s", "3 ms", "1.2.3s", "99999999999999s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ParseRankDelay, ReadsRankAndTime) {
  const auto delay = ParseRankDelay("3:20ms");
  ASSERT_TRUE(delay.ok()) << delay.status();
  EXPECT_EQ(delay->rank, 3);
  EXPECT_EQ(delay->time, std::chrono::milliseconds(20));
  for (const char* text : {"", "3", "3:", ":20ms", "-1:20ms", "x:20ms", "3:20min"}) {
    EXPECT_FALSE(ParseRankDelay(text).ok()) << text;
  }
}

}  // namespace
}  // namespace rankle::programs
