// From a real run to its verdict: training programs on virtual GPUs, broken by a fault or by their own
// options.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::ElementsAre;
using Arguments = std::vector<std::string>;

class DiagnosisRun : public ::testing::Test {
 protected:
  // Runs ddp_train on four ranks and returns the report on it.
  nlohmann::json Diagnose(const Arguments& faults, const Arguments& options) const {
    Arguments run{"run", "-q", "-n", "4", "--virtual-gpus", "4", "-o", out_dir()};
    for (const std::string& fault : faults) run.insert(run.end(), {"--fault", fault});
    run.insert(run.end(), {"--", DDP_TRAIN});
    run.insert(run.end(), options.begin(), options.end());
    const Finished job = RunRankle(run);
    const Finished analysis = RunRankle({"analyze", out_dir(), "--format", "json"});
    const nlohmann::json report = nlohmann::json::parse(analysis.out, nullptr, false);
    EXPECT_TRUE(report.is_object()) << job.err << analysis.err;
    return report;
  }
  std::string out_dir() const { return scratch_.Path("out"); }
  ScratchDirectory scratch_;
};

std::string Class(const nlohmann::json& report) { return report["verdict"]["class"]; }
std::vector<int> Culprits(const nlohmann::json& report) { return report["verdict"]["culprits"]["ranks"]; }
std::string Summary(const nlohmann::json& report) { return report["verdict"]["summary"]; }

TEST_F(DiagnosisRun, LeakOfOneRankIsGrowthOfItsMemory) {
  const auto report = Diagnose({"leak ncclAllReduce rank=1 bytes=1MiB"}, {"--steps", "60"});
  EXPECT_EQ(Class(report), "memory.growth") << Summary(report);
  EXPECT_THAT(Culprits(report), ElementsAre(1));
}

TEST_F(DiagnosisRun, LeakThatEndsInOutOfMemoryIsItsReason) {
  // A checkpoint allocates; that is where the program finds out.
  const auto report =
      Diagnose({"leak ncclAllReduce rank=2 bytes=1MiB", "oom malloc rank=2 after_bytes=150MiB"},
               {"--steps", "100", "--checkpoint", scratch_.Path("checkpoints"), "--checkpoint-every", "20"});
  EXPECT_EQ(Class(report), "crash.oom") << Summary(report);
  EXPECT_THAT(Culprits(report), ElementsAre(2));
  ASSERT_GE(report["findings"].size(), 2u);
  EXPECT_EQ(report["findings"][1]["class"], "memory.growth");
  EXPECT_THAT(Summary(report), ::testing::HasSubstr("holds more and more device memory"));
}

TEST_F(DiagnosisRun, RankWhoseBatchesComeLateIsSlowByInput) {
  const auto report = Diagnose({}, {"--steps", "80", "--step-time", "10ms", "--input-delay", "2:40ms"});
  EXPECT_EQ(Class(report), "slow.input") << Summary(report);
  EXPECT_THAT(Culprits(report), ElementsAre(2));
}

TEST_F(DiagnosisRun, RankWhoseDeviceIsSlowIsSlowByCompute) {
  const auto report =
      Diagnose({"slow-kernel launch rank=2 time=10ms"}, {"--steps", "80", "--step-time", "10ms"});
  EXPECT_EQ(Class(report), "slow.compute") << Summary(report);
  EXPECT_THAT(Culprits(report), ElementsAre(2));
}

TEST_F(DiagnosisRun, LateBatchesOfOneRankAndTheSlowDeviceOfAnotherAreMixed) {
  const auto report = Diagnose({"slow-kernel launch rank=3 time=4ms"},
                               {"--steps", "80", "--step-time", "10ms", "--input-delay", "1:40ms"});
  EXPECT_EQ(Class(report), "slow.mixed") << Summary(report);
  EXPECT_THAT(Culprits(report), ElementsAre(1, 3));
}

}  // namespace
}  // namespace rankle::testing
