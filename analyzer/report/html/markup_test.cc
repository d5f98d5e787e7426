// Text that comes from a job, and numbers that people read.
#include "analyzer/report/html/markup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

namespace rankle::html {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Units are joined to their numbers by a space that does not break.
std::string Plain(const std::string& text) { return absl::StrReplaceAll(text, {{"\u00a0", " "}}); }

TEST(MarkupTest, EveryCharacterThatEndsTextOrAnAttributeIsReplaced) {
  EXPECT_EQ(Escape("<b a=\"1\" c='2'>&</b>"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;");
}

TEST(MarkupTest, CharactersThatTurnTheDirectionOfWritingAreReplaced) {
  EXPECT_EQ(Escape("dp\u202egnp"), "dp\ufffdgnp");
  EXPECT_EQ(Escape("dp\u2066x\u2069"), "dp\ufffdx\ufffd");
  EXPECT_EQ(Escape("Größe\u2028→"), "Größe\u2028→");
}

TEST(MarkupTest, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(Escape("ääää", 5), "ää …");
  EXPECT_EQ(Escape("&&&&", 2), "&amp;&amp; …");
  EXPECT_LT(Escape(std::string(1 << 20, 'x')).size(), kLongest + 10);
  EXPECT_EQ(Shorten("äöü", 3), "äöü");
  EXPECT_EQ(Shorten("äöüß", 3), "äö…");
}

TEST(MarkupTest, DurationsHaveThreeDigitsAndTheUnitThatFits) {
  EXPECT_EQ(Plain(Duration(0)), "0 s");
  EXPECT_EQ(Plain(Duration(3.7)), "3.70 s");
  EXPECT_EQ(Plain(Duration(0.99996)), "1.00 s");
  EXPECT_EQ(Plain(Duration(0.0124)), "12.4 ms");
  EXPECT_EQ(Plain(Duration(0.00034)), "340 µs");
  EXPECT_EQ(Plain(Duration(2e-9)), "2.00 ns");
  EXPECT_EQ(Plain(Duration(-0.002)), "-2.00 ms");
  EXPECT_EQ(Plain(Duration(3600)), "60.0 min");
}

TEST(MarkupTest, NumbersAreGrouped) {
  EXPECT_EQ(Count(7), "7");
  EXPECT_EQ(Count(1024), "1,024");
  EXPECT_EQ(Count(20641664), "20,641,664");
  EXPECT_EQ(Count(-1024), "-1,024");
  EXPECT_EQ(Count(-100), "-100");
  EXPECT_EQ(Counted(1, "rank"), "1 rank");
  EXPECT_EQ(Counted(2000, "rank"), "2,000 ranks");
}

TEST(MarkupTest, ManyRanksAreAListThatIsCutAndCounted) {
  EXPECT_EQ(Ranks({3}), "rank 3");
  EXPECT_EQ(Ranks({2, 1, 0, 7}), "ranks 0-2, 7");
  std::vector<int32_t> every_other;
  for (int32_t rank = 0; rank < 1024; rank += 2) every_other.push_back(rank);
  const std::string cut = Ranks(every_other, 20);
  EXPECT_THAT(cut, ::testing::StartsWith("ranks 0, 2, 4, 6,"));
  EXPECT_THAT(cut, HasSubstr("(512)"));
  EXPECT_THAT(cut, Not(HasSubstr("100")));
}

}  // namespace
}  // namespace rankle::html
