// Dumps of real jobs with injected faults, which are not part of this repository. Where they are absent the
// tests are skipped; RANKLE_SHARED_TRACES names another place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/testing/dump_files.h"
#include "analyzer/testing/shared_traces.h"

namespace rankle {
namespace {

namespace fs = std::filesystem;

fs::path Traces() { return testing::SharedTraces("flight_recorder"); }

// The fault log beside the dumps: "Fault ranks: [12, 14]", "Rank 12, fault_type: GPU_ERROR".
struct Truth {
  std::vector<int32_t> ranks;
  std::string anomaly;
};
Truth ReadTruth(const fs::path& directory) {
  std::ifstream file(directory / "fault_injection.log");
  Truth truth;
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("Fault ranks: [", 0) == 0) {
      std::istringstream numbers(line.substr(14));
      for (int rank; numbers >> rank;) truth.ranks.push_back(rank), numbers.ignore(1);
    }
    // What the injected fault stops: the device, or the program that feeds it.
    if (line.find("GPU_") != std::string::npos) truth.anomaly = "hang.in_collective";
    if (line.find("LOCK_GIL") != std::string::npos) truth.anomaly = "hang.not_entered";
  }
  return truth;
}

class RealDumps : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::is_directory(Traces())) GTEST_SKIP() << Traces() << " is absent: real dumps are not tested";
    for (const auto& entry : fs::directory_iterator(Traces())) {
      if (entry.is_directory()) sets_.push_back(entry.path());
    }
    ASSERT_FALSE(sets_.empty());
  }
  static std::vector<fs::path> DumpsOf(const fs::path& set) {
    std::vector<fs::path> dumps;
    for (const auto& entry : fs::directory_iterator(set)) {
      if (entry.path().filename().string().find("_dump_") == 0) dumps.push_back(entry.path());
    }
    std::sort(dumps.begin(), dumps.end());
    return dumps;
  }
  static bool Names(const Report& report, const Truth& truth) {
    return report.verdict.anomaly == truth.anomaly && report.verdict.ranks == truth.ranks;
  }
  std::vector<fs::path> sets_;
};

TEST_F(RealDumps, CulpritsAndKindAreExact) {
  for (const fs::path& set : sets_) {
    const Truth truth = ReadTruth(set);
    ASSERT_FALSE(truth.ranks.empty()) << set;
    const auto report = Analyze({set.string()}, {});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(Names(*report, truth))
        << set << ": " << report->verdict.anomaly << ", " << report->verdict.summary;
    EXPECT_GT(report->verdict.confidence, 0.5);
  }
}

TEST_F(RealDumps, WithoutAnyOneOrTwoDumpsTheAnswerIsTheSameOrUnknown) {
  for (const fs::path& set : sets_) {
    const Truth truth = ReadTruth(set);
    const std::vector<fs::path> dumps = DumpsOf(set);
    int same = 0;
    for (size_t a = 0; a < dumps.size(); ++a) {
      for (size_t b = a; b < dumps.size(); ++b) {
        std::vector<std::string> left;
        for (size_t i = 0; i < dumps.size(); ++i) {
          if (i != a && i != b) left.push_back(dumps[i]);
        }
        const auto report = Analyze(left, {});
        ASSERT_TRUE(report.ok()) << report.status();
        same += Names(*report, truth);
        EXPECT_TRUE(Names(*report, truth) || report->verdict.anomaly == "unknown")
            << set << " without " << dumps[a] << " and " << dumps[b] << ": " << report->verdict.summary;
        EXPECT_THAT(report->verdict.summary, ::testing::Not(::testing::IsEmpty()));
      }
    }
    // Ranks that nobody waits for directly may be missing.
    EXPECT_GT(same, 0) << set;
  }
}

TEST_F(RealDumps, NamesAndOrderOfFilesMeanNothing) {
  for (const fs::path& set : sets_) {
    const Truth truth = ReadTruth(set);
    const std::vector<fs::path> dumps = DumpsOf(set);
    std::vector<size_t> name(dumps.size());
    for (size_t i = 0; i < name.size(); ++i) name[i] = i;
    std::mt19937 random(1);
    for (int round = 0; round < 5; ++round) {
      std::shuffle(name.begin(), name.end(), random);
      const testing::DumpDirectory directory(absl::StrCat("renamed_", round));
      for (size_t i = 0; i < dumps.size(); ++i) {
        fs::copy_file(dumps[i], directory.path() / absl::StrCat("_dump_", name[i]));
      }
      const Report report = directory.Analyze();
      EXPECT_TRUE(Names(report, truth)) << set << ": " << report.verdict.summary;
    }
  }
}

}  // namespace
}  // namespace rankle
