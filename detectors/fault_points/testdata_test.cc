// The cases of testdata/: every line says in a comment what is found there; what is not said must not be
// found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_split.h"
#include "detectors/fault_points/extract_testing.h"

namespace rankle::points {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// What the comments' words are looked for in.
std::string Described(const Point& point) {
  std::string text = point.dropped.empty() ? "kept: " : "dropped: ";
  text += std::string(KindName(point.kind)) + " " + point.what + " " + point.family + " " + point.value +
          " " + point.dropped;
  text += point.not_instrumented.empty() ? " instrumented" : " not-instrumented";
  if (point.kind == Kind::kErrorCall && point.value.empty()) text += " no-recipe";
  text += " macro=" + point.macro + " outcomes=" + std::to_string(point.outcomes);
  if (point.kind == Kind::kThrow)
    text += point.guard_outcome < 0 ? " no-guard" : " guarded=" + std::to_string(point.guard_outcome);
  if (point.kind == Kind::kLoop) {
    text += point.io ? " io=" + point.effects.io : " no-io";
    text += point.retry ? " retry" : " no-retry";
    text += point.timer ? " timer" : " no-timer";
  }
  return text + " ";
}

bool HasWords(const std::string& described, const std::string& wanted) {
  for (const auto word : absl::StrSplit(wanted, ' ', absl::SkipWhitespace())) {
    size_t at = described.find(std::string(word));
    while (at != std::string::npos && described[at - 1] == '-')  // "retry" is not in "no-retry"
      at = described.find(std::string(word), at + 1);
    if (at == std::string::npos) return false;
  }
  return true;
}

// line -> what is wanted there ("kept: throw PeerLost").
std::multimap<int, std::string> Wanted(const std::string& text) {
  std::multimap<int, std::string> wanted;
  int number = 0;
  for (const auto line : absl::StrSplit(text, '\n')) {
    ++number;
    for (const char* verdict : {"// kept: ", "// dropped: "}) {
      const size_t at = line.find(verdict);
      if (at == absl::string_view::npos) continue;
      const std::string prefix = std::string(verdict).substr(3);
      for (const auto part : absl::StrSplit(line.substr(at + std::string(verdict).size()), ';'))
        wanted.emplace(number, prefix + std::string(part));
    }
  }
  return wanted;
}

class Testdata : public ::testing::TestWithParam<const char*> {};

TEST_P(Testdata, HoldsWhatItsCommentsSayAndNothingElse) {
  const std::string text = ReadAll(std::string(RANKLE_TESTDATA) + "/" + GetParam() + ".cpp");
  ASSERT_FALSE(text.empty());
  const Facts facts = FactsOf({{"case.cc", text}}, {"-std=c++17"});
  ASSERT_EQ(facts.errors, 0) << facts.first_error;
  std::multimap<int, std::string> wanted = Wanted(text);
  ASSERT_FALSE(wanted.empty());
  for (const Point& point : facts.points) {
    if (std::string(KindName(point.kind)) != GetParam()) continue;
    const std::string described = Described(point);
    const auto [begin, end] = wanted.equal_range(point.line);
    const auto match =
        std::find_if(begin, end, [&](const auto& entry) { return HasWords(described, entry.second); });
    if (match == end) {
      ADD_FAILURE() << "line " << point.line << ": nobody asked for: " << described;
    } else {
      wanted.erase(match);
    }
  }
  for (const auto& [line, missing] : wanted) ADD_FAILURE() << "line " << line << ": not found: " << missing;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Testdata,
                         ::testing::Values("throw", "error_call", "loop", "detector", "branch"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace rankle::points
