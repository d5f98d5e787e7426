// Ids of points survive edits elsewhere, and the merged facts do not depend on which unit saw what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_replace.h"
#include "detectors/fault_points/extract_testing.h"

namespace rankle::points {
namespace {

constexpr char kSource[] = R"(
#include <stdexcept>
int Read(int fd);
void Reader(int fd) {
  while (fd > 0) {
    if (Read(fd) < 0) throw std::runtime_error("read");
  }
}
namespace {
bool alive = true;
bool Alive() { return alive; }
}
class Link {
 public:
  void Check(int fd) {
    auto later = [fd] {
      for (int i = 0; i < fd; ++i) if (Read(i) < 0) throw std::runtime_error("lambda");
    };
    later();
    if (!Alive()) return;
  }
};
)";

std::set<std::string> Ids(const Facts& facts, const std::string& function) {
  std::set<std::string> ids;
  for (const Point& point : facts.points) {
    if (point.function_name == function) ids.insert(point.id);
  }
  return ids;
}

std::set<std::string> IdsAfter(const std::string& what, const std::string& with,
                               const std::string& function) {
  const std::string edited = absl::StrReplaceAll(kSource, {{what, with}});
  EXPECT_NE(edited, kSource) << what;
  return Ids(FactsOf({{"a.cc", edited}}), function);
}

TEST(PointIds, SurviveEditsOfOtherFunctionsAndLines) {
  const Facts facts = FactsOf({{"a.cc", kSource}});
  for (const std::string function : {"Reader", "Link::Check", "Alive"}) {
    const std::set<std::string> before = Ids(facts, function);
    ASSERT_FALSE(before.empty()) << function;
    EXPECT_EQ(IdsAfter("int Read(int fd);",
                       "int Read(int fd);\n// one\n\nint Fresh() { for (;;) Read(3); }\n", function),
              before);
    EXPECT_EQ(IdsAfter("#include <stdexcept>", "#include <string>\n#include <stdexcept>", function), before);
  }
}

TEST(PointIds, SurviveOtherStatementsAndSpacesInTheirFunction) {
  const std::set<std::string> before = Ids(FactsOf({{"a.cc", kSource}}), "Reader");
  const std::set<std::string> after =
      IdsAfter("while (fd > 0) {", "if (fd == 7) return;\n  while(fd /* left */ >0)\n  {", "Reader");
  EXPECT_EQ(after.size(), before.size() + 1);  // the new branch
  for (const std::string& id : before) EXPECT_TRUE(after.count(id)) << id;
}

TEST(PointIds, ChangeWithTheirOwnTokens) {
  const std::set<std::string> before = Ids(FactsOf({{"a.cc", kSource}}), "Reader");
  const std::set<std::string> after = IdsAfter("while (fd > 0)", "while (fd > 1)", "Reader");
  size_t same = 0;
  for (const std::string& id : before) same += after.count(id);
  EXPECT_EQ(same, before.size() - 1);
}

TEST(PointIds, AreUniqueAlsoForEqualStatementsInOneFunction) {
  const Facts facts =
      FactsOf({{"a.cc",
                "#include <unistd.h>\nvoid F(int a) {\n if (close(a) < 0) return;\n"
                " if (close(a) < 0) return;\n}\nvoid G(int a) { if (close(a) < 0) return; }"}});
  std::set<std::string> ids;
  for (const Point& point : facts.points) ids.insert(point.id);
  EXPECT_EQ(ids.size(), facts.points.size());
  EXPECT_EQ(Kept(facts, Kind::kErrorCall).size(), 3u);
}

TEST(Merging, CountsAHeaderOnceAndFollowsCallsIntoOtherUnits) {
  const TestFile header{"net/io.h",
                        "#pragma once\nint Fetch(int fd);\n"
                        "inline void Drain(int fd) { while (fd > 0) Fetch(fd--); }\n"};
  const TestFile user{"a.cc",
                      "#include \"net/io.h\"\nvoid A(int n) { for (int i = 0; i < n; ++i) Drain(i); }\n"};
  const TestFile definition{"b.cc",
                            "#include <unistd.h>\n#include \"net/io.h\"\n"
                            "int Fetch(int fd) { char c; return read(fd, &c, 1) < 0 ? -1 : 0; }\n"};
  const Facts facts = FactsOf({header, user, definition});
  const std::vector<Point> loops = Kept(facts, Kind::kLoop);
  ASSERT_EQ(loops.size(), 2u);
  for (const Point& loop : loops) {
    EXPECT_TRUE(loop.io) << loop.file;
    EXPECT_EQ(loop.effects.io, "read");
  }
  EXPECT_EQ(facts.lines.size(), 3u);

  const Facts reversed = FactsOf({header, definition, user});
  ASSERT_EQ(reversed.points.size(), facts.points.size());
  for (size_t i = 0; i < facts.points.size(); ++i) EXPECT_EQ(reversed.points[i].id, facts.points[i].id);
}

TEST(BrokenSource, GivesWhatLiesOutsideItsErrors) {
  const Facts facts = FactsOf({{"a.cc",
                                "#include <missing.h>\n#include <unistd.h>\n"
                                "void Good(int fd) { if (close(fd) < 0) return; }\n"
                                "void Bad() { Undeclared x = 3; }\n"
                                "void Better(int fd) { if (fsync(fd) < 0) return; }\n"}});
  EXPECT_GE(facts.errors, 1);
  EXPECT_THAT(facts.first_error, ::testing::HasSubstr("missing.h"));
  EXPECT_EQ(Kept(facts, Kind::kErrorCall).size(), 2u);
}

TEST(BrokenSource, OtherErrorsHideOnlyTheirOwnFunction) {
  const Facts facts = FactsOf({{"a.cc",
                                "#include <unistd.h>\n"
                                "void Good(int fd) { if (close(fd) < 0) return; }\n"
                                "void Bad() { Undeclared x = 3; }\n"
                                "void Better(int fd) { if (fsync(fd) < 0) return; }\n"}});
  EXPECT_EQ(facts.errors, 1);
  EXPECT_EQ(Kept(facts, Kind::kErrorCall).size(), 2u);
}

TEST(OtherFiles, OfTheSystemAndOutsideTheRootAreNotThePrograms) {
  const Facts facts = FactsOf({{"a.cc", "#include <regex>\n#include <thread>\nvoid F() {}\n"}});
  EXPECT_TRUE(facts.points.empty());
  EXPECT_EQ(facts.lines.size(), 1u);
}

}  // namespace
}  // namespace rankle::points
