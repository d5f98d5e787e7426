// Verdicts on large synthetic jobs, from files to the report, through the command. Times are measured by
// tests/benchmarks/analyze_scale.sh, not here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"
#include "tests/synthetic_job/records.h"

namespace rankle::testing {
namespace {

using synthetic::Fault;

constexpr int kRanks = 512;

struct LargeJob {
  const char* name;
  Fault fault;
  int collectives;
  const char* anomaly;
  std::vector<int> culprits;
};
void PrintTo(const LargeJob& job, std::ostream* out) { *out << job.name; }

class ScaleTest : public ::testing::TestWithParam<LargeJob> {};

TEST_P(ScaleTest, CulpritsOfALargeHybridJobAreNamedExactly) {
  const LargeJob& job = GetParam();
  const ScratchDirectory scratch;
  const std::string records = scratch.Path("records");
  std::filesystem::create_directory(records);
  synthetic::JobSpec spec;
  spec.ranks = kRanks, spec.collectives = job.collectives, spec.fault = job.fault,
  spec.culprits = job.culprits;
  const auto written = synthetic::WriteFlightRecords(spec, records);
  ASSERT_TRUE(written.ok()) << written.status();
  const Finished analysis = RunRankle({"analyze", "--format", "json", records});
  const nlohmann::json report = nlohmann::json::parse(analysis.out, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(report.is_object()) << analysis.err;
  EXPECT_EQ(report["verdict"]["class"], job.anomaly) << report["verdict"];
  EXPECT_EQ(report["verdict"]["culprits"]["ranks"], nlohmann::json(job.culprits)) << report["verdict"];
  EXPECT_EQ(report["job"]["ranks"], kRanks);
  EXPECT_EQ(report["job"]["hosts"], kRanks / 8);
}

// Slow work needs more steps than a hang: a handful of slow ones after as many normal ones.
constexpr int kFewCollectives = 200, kManyCollectives = 480;
INSTANTIATE_TEST_SUITE_P(
    Faults, ScaleTest,
    ::testing::Values(
        LargeJob{"healthy", Fault::kNone, kFewCollectives, "healthy", {}},
        LargeJob{"hang of the first rank", Fault::kHang, kFewCollectives, "hang.not_entered", {0}},
        LargeJob{"hang inside", Fault::kHang, kFewCollectives, "hang.not_entered", {300}},
        LargeJob{"hang of the last rank", Fault::kHang, kFewCollectives, "hang.not_entered", {511}},
        LargeJob{"mismatch of the first rank", Fault::kMismatch, kFewCollectives, "hang.mismatch", {0}},
        LargeJob{"mismatch inside", Fault::kMismatch, kFewCollectives, "hang.mismatch", {300}},
        LargeJob{"mismatch of the last rank", Fault::kMismatch, kFewCollectives, "hang.mismatch", {511}},
        LargeJob{"first rank slow", Fault::kSlow, kManyCollectives, "slow.compute", {0}},
        LargeJob{"rank inside slow", Fault::kSlow, kManyCollectives, "slow.compute", {300}},
        LargeJob{"last rank slow", Fault::kSlow, kManyCollectives, "slow.compute", {511}},
        LargeJob{"two slow ranks", Fault::kSlow, kManyCollectives, "slow.compute", {17, 300}}));

}  // namespace
}  // namespace rankle::testing
