// The pure parts of the engine: settings, kernel times, the block allocator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <random>

#include "virtual_gpu/engine/arena.h"
#include "virtual_gpu/engine/kernel_time.h"
#include "virtual_gpu/engine/settings.h"

namespace rankle::vgpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SettingsTest, BytesWithUnits) {
  EXPECT_EQ(4096u, ParseBytes("4096"));
  EXPECT_EQ(size_t{3} << 20, ParseBytes("3MiB"));
  EXPECT_EQ(size_t{80} << 30, ParseBytes(" 80 GiB "));
  for (const char* bad : {"", "GiB", "12XB", "-1", "99999999999999999999", "99999999999GiB"}) {
    EXPECT_EQ(std::nullopt, ParseBytes(bad)) << bad;
  }
}

TEST(SettingsTest, VisibleDevicesEndAtTheFirstBadEntry) {
  EXPECT_THAT(ParseVisibleDevices("2,0", 4), ElementsAre(2, 0));
  EXPECT_THAT(ParseVisibleDevices("1, 7, 2", 4), ElementsAre(1));
  EXPECT_THAT(ParseVisibleDevices("1,1", 4), ElementsAre(1));
  EXPECT_THAT(ParseVisibleDevices("-1", 4), IsEmpty());
  EXPECT_THAT(ParseVisibleDevices("", 4), IsEmpty());
  EXPECT_THAT(ParseVisibleDevices(DeviceUuid(3) + ",0", 4), ElementsAre(3, 0));
  EXPECT_THAT(ParseVisibleDevices("GPU-", 4), IsEmpty());  // names several
  EXPECT_THAT(ParseVisibleDevices("GPU-5", 1), ElementsAre(0));
}

TEST(KernelTimeTest, DurationsWithUnits) {
  EXPECT_EQ(200'000u, ParseDurationNs("200us"));
  EXPECT_EQ(1'500'000u, ParseDurationNs("1.5ms"));
  EXPECT_EQ(7'000u, ParseDurationNs("7"));
  EXPECT_EQ(std::nullopt, ParseDurationNs("7 lightyears"));
  EXPECT_EQ(std::nullopt, ParseDurationNs("-1us"));
}

TEST(KernelTimeTest, FirstMatchingPatternWins) {
  std::vector<std::string> errors;
  const KernelTimes times = KernelTimes::Parse("*gemm*=200us, add=5us, f<int, 2>*=9us, oops, *=1us", &errors);
  EXPECT_THAT(errors, ElementsAre("oops"));
  EXPECT_EQ(200'000u, times.DurationNs("_Z6sgemm1", "sgemm1(float*)"));
  EXPECT_EQ(5'000u, times.DurationNs("_ZN1n3addIfEEvPT_", "void n::add<float>(float*)"));
  EXPECT_EQ(9'000u, times.DurationNs("_Z1f", "f<int, 2>(char)"));
  EXPECT_EQ(1'000u, times.DurationNs("other", "other"));
  EXPECT_EQ(42'000u, KernelTimes::Parse("42us", &errors).DurationNs("any", "any"));
  EXPECT_EQ(0u, KernelTimes::Parse("", &errors).DurationNs("any", "any"));
}

TEST(KernelTimeTest, PlainNameIsTheNameAlone) {
  EXPECT_EQ("add", PlainKernelName("void ns::add<float>(float*, int)"));
  EXPECT_EQ("add", PlainKernelName("add(int)"));
  EXPECT_EQ("add", PlainKernelName("add"));
}

// Random use against a simple model: blocks never overlap, and everything freed leaves one free block.
TEST(OffsetAllocatorTest, BlocksAreDisjointAndCoalesce) {
  constexpr size_t kCapacity = 1 << 20;
  OffsetAllocator allocator(kCapacity);
  std::map<size_t, size_t> live;
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    if (random() % 2 == 0 && !live.empty()) {
      auto victim = std::next(live.begin(), random() % live.size());
      allocator.Free(victim->first, victim->second);
      live.erase(victim);
      continue;
    }
    const size_t bytes = 512 * (1 + random() % 64), alignment = random() % 8 == 0 ? 4096 : 512;
    const std::optional<size_t> offset = allocator.Allocate(bytes, alignment);
    if (!offset) continue;
    ASSERT_EQ(0u, *offset % alignment);
    ASSERT_LE(*offset + bytes, kCapacity);
    const auto next = live.lower_bound(*offset);
    if (next != live.end()) {
      ASSERT_GE(next->first, *offset + bytes);
    }
    if (next != live.begin()) {
      ASSERT_LE(std::prev(next)->first + std::prev(next)->second, *offset);
    }
    live[*offset] = bytes;
  }
  for (const auto& [offset, bytes] : live) allocator.Free(offset, bytes);
  EXPECT_EQ(0u, allocator.Allocate(kCapacity, 512));
}

// Files of this process may not grow beyond `bytes` while it lives (ulimit -f).
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit lower{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST(DeviceArenaTest, BelowTheLimitOnFileSizesMemoryIsUsableButHasNoFile) {
  constexpr size_t kBlock = 1 << 20;
  const FileSizeLimit limit(4096);
  DeviceArena arena(64 << 20);
  for (int use = 0; use < 2; ++use) {  // the second block lies where the first one did
    auto* block = static_cast<unsigned char*>(arena.Allocate(kBlock));
    ASSERT_NE(nullptr, block);
    EXPECT_EQ(0, std::count_if(block, block + kBlock, [](unsigned char byte) { return byte != 0; }));
    std::fill(block, block + kBlock, 0xff);
    arena.Free(block, kBlock);
  }
  EXPECT_EQ(-1, arena.fd());
}

}  // namespace
}  // namespace rankle::vgpu
