// RANKLE_VGPU_LINKS: what it says of each link, and what it refuses.
#include "virtual_gpu/nccl/link_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rankle::virtual_nccl {
namespace {

using ::testing::HasSubstr;

LinkModel Parsed(const char* text) {
  auto model = LinkModel::Parse(text);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *model : LinkModel();
}

TEST(LinkModelTest, NamedLinksAndWildcards) {
  const LinkModel model = Parsed("0>2:latency=2ms;1>*:rate=20MiB;*>3:latency=500us,rate=1GiB");
  EXPECT_EQ(model.Of(0, 2).latency_ns, 2'000'000);
  EXPECT_EQ(model.Of(0, 2).bytes_per_ns, 0);
  EXPECT_EQ(model.Of(2, 0).latency_ns, 0);
  EXPECT_DOUBLE_EQ(model.Of(1, 0).bytes_per_ns, 20.0 * (1 << 20) / 1e9);
  EXPECT_EQ(model.Of(0, 3).latency_ns, 500'000);
  EXPECT_DOUBLE_EQ(model.Of(1, 3).bytes_per_ns, (1 << 30) / 1e9);  // the later entry
}

TEST(LinkModelTest, EmptyTextSlowsNothing) {
  EXPECT_EQ(Parsed("").Of(0, 1).latency_ns, 0);
  EXPECT_EQ(Parsed(" ; ").Of(0, 1).bytes_per_ns, 0);
}

TEST(PaceTest, BytesQueueForTheRateAndLatencyOverlaps) {
  Pace pace({1000, 0.5});  // 2 ns a byte
  EXPECT_EQ(pace.Reserve(100, 10), 10 + 200 + 1000);
  EXPECT_EQ(pace.Reserve(100, 20), 10 + 200 + 200 + 1000);  // after the first
  EXPECT_EQ(pace.Reserve(100, 5000), 5000 + 200 + 1000);    // the link is free again
}

TEST(PaceTest, ALinkThatStopsCarriesItsLastMessage) {
  Pace pace(Parsed("0>1:stop=2,latency=1us").Of(0, 1));
  EXPECT_EQ(pace.Reserve(1, 0), 1000);
  EXPECT_EQ(pace.Reserve(1, 0), 1000);
  EXPECT_EQ(pace.Reserve(1, 0), Pace::kNever);
  EXPECT_EQ(pace.Reserve(1, 5000), Pace::kNever);
}

TEST(LinkModelTest, ErrorsNameTheEntry) {
  for (const char* text : {"0-2:latency=2ms", "0>x:latency=2ms", "0>1", "0>1:latency=2", "0>1:latency=-2ms",
                           "0>1:rate=fast", "0>1:speed=2ms", "0>1:stop=-1", "0>1:latency=0ms"}) {
    auto model = LinkModel::Parse(std::string("2>3:latency=1ms;") + text);
    ASSERT_FALSE(model.ok()) << text;
    EXPECT_THAT(std::string(model.status().message()), HasSubstr(std::string("\"") + text + "\"")) << text;
  }
}

}  // namespace
}  // namespace rankle::virtual_nccl
