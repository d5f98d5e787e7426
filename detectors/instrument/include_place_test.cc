#include "detectors/instrument/include_place.h"

#include <gtest/gtest.h>

namespace rankle::instrument {
namespace {

// `^` marks where the include is expected.
void ExpectAtMark(std::string marked) {
  const size_t mark = marked.find('^');
  ASSERT_NE(mark, std::string::npos);
  marked.erase(mark, 1);
  EXPECT_EQ(IncludePlace(marked), mark) << marked;
}

TEST(IncludePlace, IsTheBeginningWhereNothingHasToComeBefore) {
  ExpectAtMark("^");
  ExpectAtMark("^int main() {}\n");
  ExpectAtMark("^// licence\n#include <string>\n#define _GNU_SOURCE\n");
  ExpectAtMark("^#define LOG_TAG \"x\"\n#include <string>\n");
  ExpectAtMark("^// not \\\n#define _A\nint a;\n");
  ExpectAtMark("^/* #define _A\n */\nint a;\n");
}

TEST(IncludePlace, IsBehindAByteOrderMark) {
  ExpectAtMark("\xef\xbb\xbf^int main() {}\n");
  ExpectAtMark("\xef\xbb\xbf#define _A\n^int main() {}\n");
}

TEST(IncludePlace, IsBehindTheLastFeatureMacroOfTheLeadingLines) {
  ExpectAtMark("#define _GLIBCXX_USE_CXX11_ABI 0\n^#include <string>\n");
  ExpectAtMark(
      "// licence\r\n/* of\r\n two */ # define _A \\\r\n  1\r\n^#define MINE\r\n#include <string>\r\n");
  ExpectAtMark("#pragma once\n#undef _A /* over\n lines */\n^\n#pragma GCC optimize(\"O1\")\nint a;\n");
  ExpectAtMark("#define _A 1\n^#define MINE\n#pragma pack(1)\n#define _B\n");
  ExpectAtMark("^#define _A 1");  // no line ends there
}

TEST(IncludePlace, TakesConditionalGroupsOfSuchLinesAsOne) {
  ExpectAtMark("#ifndef _A\n#define _A\n#endif\n^int a;\n");
  ExpectAtMark("#if X\n# ifdef Y\n#  define _A\n# else\n#  error no\n# endif\n#endif\n^#define B\nint a;\n");
  ExpectAtMark("^#ifndef UNIT\n#define _A\n#include <string>\n#endif\n");
  ExpectAtMark("^#if X\n#define _A\n");  // never ends
  ExpectAtMark("^#endif\n#define _A\n");
}

TEST(IncludePlace, LinesKeepTheirNumbers) {
  const std::string source = "#define _A\n\n#define _B\nint a;\n";
  EXPECT_EQ(IncludeText(source, IncludePlace(source), "/o/h.h"), "#include \"/o/h.h\"\n#line 4\n");
}

}  // namespace
}  // namespace rankle::instrument
