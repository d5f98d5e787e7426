#include "analyzer/import/live_events.h"

#include <gtest/gtest.h>

namespace rankle::import {
namespace {

TEST(LiveEvents, AreReadAsTheyWereWritten) {
  const LiveEvent slower{
      .monotonic_ns = 17, .host = "node1", .kind = "slower", .text = "2 \"times\"\n", .ranks = {3, 5}};
  const LiveEvent stall{.monotonic_ns = UINT64_MAX, .host = "h", .kind = "stall", .text = "", .ranks = {}};
  const std::string text = LiveEventLine(slower) + LiveEventLine(stall);
  EXPECT_TRUE(LooksLikeLiveEvents(text));
  uint64_t malformed = 0;
  const std::vector<LiveEvent> events = ParseLiveEvents(text, malformed);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(malformed, 0u);
  EXPECT_EQ(events[0].monotonic_ns, 17u);
  EXPECT_EQ(events[0].host, "node1");
  EXPECT_EQ(events[0].kind, "slower");
  EXPECT_EQ(events[0].text, "2 \"times\"\n");
  EXPECT_EQ(events[0].ranks, (std::vector<int32_t>{3, 5}));
  EXPECT_EQ(events[1].monotonic_ns, UINT64_MAX);
}

TEST(LiveEvents, LinesThatCannotBeReadAreCounted) {
  const std::string good =
      LiveEventLine({.monotonic_ns = 1, .host = "h", .kind = "stall", .text = "t", .ranks = {}});
  uint64_t malformed = 0;
  const auto events = ParseLiveEvents(
      "no json\n{\"schema\":\"other/1\"}\n{\"schema\":\"rankle.event/1\",\"monotonic_ns\":\"x\"}\n" + good +
          good.substr(0, good.size() / 2),
      malformed);
  EXPECT_EQ(events.size(), 1u);
  EXPECT_EQ(malformed, 4u);
}

}  // namespace
}  // namespace rankle::import
