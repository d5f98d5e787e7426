// The traces and results that the study published, which are not part of this repository. Where they are
// absent the tests are skipped; RANKLE_SHARED_TRACES names another place.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "analyzer/testing/shared_traces.h"
#include "analyzer/whatif/read.h"

namespace rankle::whatif {
namespace {

namespace fs = std::filesystem;

fs::path Traces() { return rankle::testing::SharedTraces("straggler"); }

double Published(const std::string& file, const char* key) {
  std::ifstream stream(Traces() / file);
  return nlohmann::json::parse(stream).at(key).get<double>();
}

class PublishedTraces : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::is_directory(Traces())) GTEST_SKIP() << Traces() << " is absent: the study's are not tested";
  }
};

TEST_P(PublishedTraces, FiguresAreThoseOfTheStudy) {
  const std::string name = GetParam();
  const auto result = AnalyzeFile((Traces() / absl::StrCat("trace-", name, ".parquet")).string());
  ASSERT_TRUE(result.ok()) << result.status();
  const double slowdown = Published(absl::StrCat("result-", name, ".json"), "blocking_slowdown");
  const double worst = Published(absl::StrCat("mw-", name, ".json"), "Mw");
  const double last = Published(absl::StrCat("ms-", name, ".json"), "Ms");
  EXPECT_NEAR(result->slowdown, slowdown, 0.02 * slowdown);
  EXPECT_NEAR(result->worst_workers.recovered, worst, 0.02 * worst);
  EXPECT_NEAR(result->last_stage.recovered, last, 0.02 * last);
}

TEST_P(PublishedTraces, TimelinesGiveTheSameSlowdownAndLastStage) {
  const std::string name = GetParam();
  const auto result = AnalyzeFile((Traces() / absl::StrCat("timeline-", name, ".json.gz")).string());
  ASSERT_TRUE(result.ok()) << result.status();
  const double slowdown = Published(absl::StrCat("result-", name, ".json"), "blocking_slowdown");
  const double last = Published(absl::StrCat("ms-", name, ".json"), "Ms");
  EXPECT_NEAR(result->slowdown, slowdown, 0.02 * slowdown);
  EXPECT_NEAR(result->last_stage.recovered, last, 0.02 * last);
  // The timeline SE has two steps more than the published results, and the worst few workers depend on them.
  if (name == "SE") return;
  const double worst = Published(absl::StrCat("mw-", name, ".json"), "Mw");
  EXPECT_NEAR(result->worst_workers.recovered, worst, 0.02 * worst);
}

INSTANTIATE_TEST_SUITE_P(Study, PublishedTraces, ::testing::Values("ST", "SE"));

// One step of DLRM on eight ranks, all in one file archive of profiles. Rank 7 comes last to five of the
// eight collectives (analyzer/import/kineto/real_traces_test.cc), to the first by 7.6 ms.
TEST(RealProfiles, TheLastArriverOfMostCollectivesIsTheWorstRank) {
  const fs::path archive = rankle::testing::SharedTraces("kineto") / "dlrm_kineto.tar.gz";
  if (!fs::exists(archive)) GTEST_SKIP() << archive << " is absent: real profiles are not tested";
  const fs::path directory = fs::path(::testing::TempDir()) / absl::StrCat("whatif-dlrm-", getpid());
  fs::create_directories(directory);
  ASSERT_EQ(
      std::system(absl::StrCat("tar xzf '", archive.string(), "' -C '", directory.string(), "'").c_str()), 0);
  const auto result = AnalyzeRecords({directory.string()});
  fs::remove_all(directory);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->workers, 8u);
  EXPECT_EQ(result->operations, 64u);
  EXPECT_NEAR(result->real_s, result->traced_s, 0.001 * result->traced_s);
  ASSERT_EQ(result->worst.size(), 1u);
  EXPECT_EQ(result->worst[0].rank, 7);
  EXPECT_FALSE(result->stages_known);
}

}  // namespace
}  // namespace rankle::whatif
