#include "injector/plan/values.h"

#include <gtest/gtest.h>

#include "injector/api/results.h"
#include "injector/plan/names.h"
#include "injector/plan/suggest.h"

namespace rankle::plan {
namespace {

TEST(Values, DurationsTakeUnitsAndFractions) {
  EXPECT_EQ(*ParseDuration("5ns"), 5u);
  EXPECT_EQ(*ParseDuration("5us"), 5'000u);
  EXPECT_EQ(*ParseDuration("200ms"), 200'000'000u);
  EXPECT_EQ(*ParseDuration("1.5s"), 1'500'000'000u);
  EXPECT_EQ(*ParseDuration("2m"), 120'000'000'000u);
  EXPECT_EQ(*ParseDuration("0"), 0u);
}

TEST(Values, DurationsThatAreNoneAreRefused) {
  for (const char* text :
       {"", "ms", "-1s", "1h", "1 s", "1.2.3s", "abc", "1e3s", "9999999999999999999s", "1sx"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
  EXPECT_EQ(ParseDuration("200").status().message(), "'200' has no unit: write 200ms, or ns, us, s, m");
}

TEST(Values, SizesAreBinary) {
  EXPECT_EQ(*ParseSize("512"), 512);
  EXPECT_EQ(*ParseSize("512B"), 512);
  EXPECT_EQ(*ParseSize("64KiB"), 65536);
  EXPECT_EQ(*ParseSize("1.5MiB"), 3 << 19);
  EXPECT_EQ(*ParseSize("2GiB"), int64_t{1} << 31);
  EXPECT_EQ(*ParseSize("1TiB"), int64_t{1} << 40);
  for (const char* text : {"", "MiB", "1MB", "-1", "1kib", "99999999TiB"})
    EXPECT_FALSE(ParseSize(text).ok()) << text;
}

TEST(Values, RatesMayNameTheSecondAndAreNotZero) {
  EXPECT_EQ(*ParseRate("1GiB/s"), 1 << 30);
  EXPECT_EQ(*ParseRate("100"), 100);
  EXPECT_FALSE(ParseRate("0").ok());
  EXPECT_FALSE(ParseRate("/s").ok());
}

TEST(Values, EveryFormOfRange) {
  struct Case {
    const char* text;
    int64_t first, last;
  };
  for (const Case& c :
       {Case{"3", 3, 3}, Case{"10..20", 10, 20}, Case{"100..", 100, INT64_MAX}, Case{"..50", 0, 50},
        Case{">=8", 8, INT64_MAX}, Case{">8", 9, INT64_MAX}, Case{"<=8", 0, 8}, Case{"<8", 0, 7},
        Case{"7..7", 7, 7}, Case{">9223372036854775807", INT64_MAX, INT64_MAX}}) {
    const auto range = ParseRange(c.text, ParseInteger, 0);
    ASSERT_TRUE(range.ok()) << c.text;
    EXPECT_EQ(range->first, c.first) << c.text;
    EXPECT_EQ(range->last, c.last) << c.text;
  }
  for (const char* text : {"", "..", "20..10", "a..b", "1..2..3", "-1", ">=", "<0", "3x", "1.5", "=3"}) {
    EXPECT_FALSE(ParseRange(text, ParseInteger, 0).ok()) << text;
  }
  EXPECT_FALSE(ParseRange("0", ParseInteger, 1).ok());
}

TEST(Values, ListsOfRangesAreSortedAndMerged) {
  const std::vector<std::string> texts = {"9..12", "3", "4..5", "11..20", "30.."};
  const auto list = ParseRanges(texts, ParseInteger, 0);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(FormatRanges(*list, [](int64_t v) { return std::to_string(v); }), "3..5,9..20,30..");
}

TEST(Values, AnOpenRangeSwallowsWhatFollows) {
  const std::vector<std::string> texts = {"5..", "7", "100..200"};
  EXPECT_EQ(FormatRanges(*ParseRanges(texts, ParseInteger, 0), [](int64_t v) { return std::to_string(v); }),
            "5..");
}

TEST(Values, ListsAreBounded) {
  std::vector<std::string> texts;
  for (size_t i = 0; i <= kMaxListValues; ++i) texts.push_back(std::to_string(2 * i));
  EXPECT_FALSE(ParseRanges(texts, ParseInteger, 0).ok());
  texts.pop_back();
  EXPECT_TRUE(ParseRanges(texts, ParseInteger, 0).ok());
}

TEST(Values, FormattedValuesReadBackTheSame) {
  for (uint64_t ns :
       {0ull, 1ull, 999ull, 1000ull, 1'500'000ull, 200'000'000ull, 60'000'000'000ull, 90'000'000'000ull}) {
    EXPECT_EQ(*ParseDuration(FormatDuration(ns)), ns);
  }
  for (int64_t bytes : {0ll, 1ll, 1024ll, 1536ll, 1ll << 20, 3ll << 30, (1ll << 40) + 1}) {
    EXPECT_EQ(*ParseSize(FormatSize(bytes)), bytes);
  }
  for (double value : {0.1, 0.5, 1.0 / 3, 1e-9, 123456.789}) EXPECT_EQ(*ParseReal(FormatReal(value)), value);
  EXPECT_EQ(FormatDuration(200'000'000), "200ms");
  EXPECT_EQ(FormatSize(1 << 20), "1MiB");
}

TEST(Names, ResultsKnowTheirLibrary) {
  EXPECT_EQ(FindResult("ncclRemoteError")->value, 6);
  EXPECT_EQ(FindResult("ncclRemoteError")->kind, ResultKind::kNccl);
  EXPECT_EQ(FindResult("cudaErrorMemoryAllocation")->value, 2);
  EXPECT_EQ(FindResult("cudaErrorECCUncorrectable")->value, 214);
  EXPECT_EQ(FindResult("CUDA_ERROR_LAUNCH_FAILED")->value, 719);
  EXPECT_EQ(FindResult("CUDA_ERROR_LAUNCH_FAILED")->kind, ResultKind::kCudaDriver);
  EXPECT_EQ(FindResult("ECONNRESET")->value, ECONNRESET);
  EXPECT_FALSE(FindResult("ncclremoteerror").has_value());
}

TEST(Names, EveryNcclResultHasItsName) {
  for (uint8_t result = 0; result <= 7; ++result) {
    const auto found = FindResult(api::NcclResultName(result));
    ASSERT_TRUE(found.has_value()) << int{result};
    EXPECT_EQ(found->value, result);
  }
}

TEST(Names, ResultNamesAreUnique) {
  std::vector<std::string_view> names = AllResultNames();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(Names, SignalsTakeNamePrefixOrNumber) {
  EXPECT_EQ(FindSignal("KILL"), 9);
  EXPECT_EQ(FindSignal("SIGSEGV"), 11);
  EXPECT_EQ(FindSignal("15"), 15);
  for (const char* text : {"0", "65", "-1", "KIL", "SIG", ""})
    EXPECT_FALSE(FindSignal(text).has_value()) << text;
  EXPECT_EQ(SignalName(9), "KILL");
  EXPECT_EQ(SignalName(40), "40");
}

TEST(Suggest, FindsTyposAndSwapsButNotStrangers) {
  EXPECT_EQ(EditDistance("delay", "dealy"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("ncclAllReduce", "ncclallreduce"), 0u);
  EXPECT_EQ(DidYouMean("dealy", {"hang", "delay"}), " (did you mean 'delay'?)");
  EXPECT_EQ(DidYouMean("xyzzy", {"hang", "delay"}), "");
  EXPECT_EQ(DidYouMean("", {"a"}), "");
}

}  // namespace
}  // namespace rankle::plan
