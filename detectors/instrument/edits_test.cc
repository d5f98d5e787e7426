#include "detectors/instrument/edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::instrument {
namespace {

using points::Edit;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The range of `what` in `source`, wrapped.
Edit Wrap(const std::string& source, const std::string& what, const std::string& before,
          const std::string& after, const std::string& point) {
  const size_t begin = source.find(what);
  EXPECT_NE(begin, std::string::npos);
  return {"", static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + what.size()), before, after, point};
}

TEST(ApplyEdits, NestsRangesAndKeepsTheOrderOfEqualOnes) {
  const std::string source = "if (a(b)) c;";
  const Edited edited = ApplyEdits(
      source, {Wrap(source, "b", "[", "]", "1"), Wrap(source, "a(b)", "B<", ">", "2"),
               Wrap(source, "a(b)", "F<", ">", "3"), Wrap(source, "if (a(b)) c;", "{ L; ", " }", "4")});
  EXPECT_EQ(edited.text, "{ L; if (B<F<a([b])>>) c; }");
  EXPECT_THAT(edited.refused, IsEmpty());
}

TEST(ApplyEdits, EndsWhatEndsBeforeItBeginsWhatBegins) {
  const std::string source = "x{y}";
  const Edited edited = ApplyEdits(source, {Wrap(source, "x", "(", ")", "1"),
                                            Wrap(source, "{y}", "<", ">", "2"),
                                            {"", 2, 2, "insert ", "", "3"},
                                            Wrap(source, "y", "'", "'", "4")});
  EXPECT_EQ(edited.text, "(x)<{insert 'y'}>");
}

TEST(ApplyEdits, LeavesOutPointsThatOverlapOthersOrLieOutside) {
  const std::string source = "abcdef";
  const Edited edited = ApplyEdits(source, {Wrap(source, "abcd", "(", ")", "1"),
                                            Wrap(source, "cdef", "<", ">", "2"),
                                            Wrap(source, "f", "[", "]", "2"),
                                            {"", 4, 90, "x", "y", "3"}});
  EXPECT_EQ(edited.text, "(abcd)ef");
  EXPECT_THAT(edited.refused, ElementsAre("2", "3"));
}

}  // namespace
}  // namespace rankle::instrument
