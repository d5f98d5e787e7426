// Verdicts on jobs whose device memory grows or is unevenly spread, and on those that only look so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::Diagnose;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Jitter;
using testing::JobBuilder;
using testing::WorkOptions;

constexpr int kSteps = 60;
constexpr double kMiB = 1 << 20;

// A job of four ranks; in the middle of each step rank r holds held(r, step) MiB.
struct MemoryJob {
  explicit MemoryJob(const std::function<double(int rank, int step)>& held, bool marked = true) : job(4) {
    WorkOptions options;
    options.marked = marked;
    end = Work(
        job, job.Communicator("dp", {0, 1, 2, 3}), 4, kSteps, 0.1, [](int, int) { return 0.008; }, options);
    for (int step = 1; step <= kSteps; ++step) {
      for (int r = 0; r < 4; ++r)
        job.MemoryInUse(r, 0.1 + 0.01 * step - 0.005, static_cast<uint64_t>(held(r, step) * kMiB));
    }
  }
  Report Ended() {
    for (int r = 0; r < 4; ++r) job.Exited(r, end + 0.1);
    return Diagnose(job);
  }
  JobBuilder job;
  double end = 0;
};

TEST(MemoryVerdictTest, RankThatLeaksIsNamed) {
  for (bool marked : {true, false}) {
    const Report report =
        MemoryJob([](int r, int step) { return 300.0 + (r == 2 ? step : 0); }, marked).Ended();
    EXPECT_EQ(report.verdict.anomaly, "memory.growth") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  }
}

TEST(MemoryVerdictTest, LeakOfTheProgramNamesAllRanks) {
  const Report report =
      MemoryJob([](int r, int step) { return 300.0 + step + Jitter(r, step, 0.5); }).Ended();
  EXPECT_EQ(report.verdict.anomaly, "memory.growth") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("all 4 ranks"));
}

TEST(MemoryVerdictTest, RankThatHoldsMoreFromTheStartIsImbalance) {
  const Report report = MemoryJob([](int r, int) { return r == 1 ? 500.0 : 300.0; }).Ended();
  EXPECT_EQ(report.verdict.anomaly, "memory.imbalance") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(MemoryVerdictTest, LeakThatHasOutgrownThePeersIsNoImbalance) {
  const Report report = MemoryJob([](int r, int step) { return 300.0 + (r == 0 ? 20 * step : 0); }).Ended();
  EXPECT_EQ(report.verdict.anomaly, "memory.growth") << report.verdict.summary;
  EXPECT_EQ(report.findings.size(), 1u);
}

TEST(MemoryVerdictTest, OutOfMemoryIsTheVerdictAndTheLeakItsReason) {
  MemoryJob m([](int r, int step) { return 300.0 + (r == 3 ? 10 * step : 0); });
  m.job.FailedCall(3, m.end + 0.01, "cudaMalloc", 2).Exited(3, m.end + 0.05, 12);
  for (int r : {0, 1, 2}) m.job.AsyncError(r, m.end + 0.06, 6).Exited(r, m.end + 0.1, 10);
  const Report report = Diagnose(m.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.oom") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("rank 3 holds more and more device memory"));
  ASSERT_EQ(report.findings.size(), 2u);
  EXPECT_EQ(report.findings[1].anomaly, "memory.growth");
  EXPECT_FALSE(report.findings[1].is_root);
}

struct Harmless {
  const char* name;
  std::function<double(int rank, int step)> held;
};
class HarmlessMemoryTest : public ::testing::TestWithParam<Harmless> {};

TEST_P(HarmlessMemoryTest, IsHealthy) {
  const Report report = MemoryJob(GetParam().held).Ended();
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
}
INSTANTIATE_TEST_SUITE_P(
    Uses, HarmlessMemoryTest,
    ::testing::Values(
        Harmless{"Constant", [](int, int) { return 300.0; }},
        Harmless{"WarmUp", [](int, int step) { return step < 10 ? 30.0 * step : 300.0; }},
        Harmless{"CacheThatFillsUp", [](int, int step) { return 300.0 + 10 * std::min(step, 35); }},
        Harmless{"FollowsTheData", [](int r, int step) { return 300.0 + Jitter(r, step, 200); }},
        Harmless{"SawTooth", [](int, int step) { return 300.0 + 10 * (step % 8); }},
        Harmless{"OneJump", [](int, int step) { return step < 40 ? 300.0 : 600.0; }},
        Harmless{"LessThanAFewPages", [](int, int step) { return 300.0 + 0.1 * step; }},
        Harmless{"UnevenExperts", [](int r, int) { return 300.0 + 20 * r; }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rankle
