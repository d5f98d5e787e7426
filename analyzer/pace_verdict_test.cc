// Verdicts on jobs whose pace changes for everybody, and on those that only look so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Enter;
using ::testing::IsEmpty;
using testing::Jitter;
using testing::JobBuilder;
using testing::Work;
using testing::WorkOptions;

constexpr int kRanks = 4;

// A job of 120 steps whose ranks work `scale` times own(rank, step) seconds, and a bit of jitter.
Report AfterWork(const std::function<double(int, int)>& own, const WorkOptions& options = {},
                 double scale = 5) {
  JobBuilder job(kRanks);
  const double end = Work(
      job, job.Communicator("dp", {0, 1, 2, 3}), kRanks, 120, 0.1,
      [&](int r, int step) { return scale * own(r, step) + Jitter(r, step, 0.001); }, options);
  for (int r = 0; r < kRanks; ++r) job.Exited(r, end + 0.1);
  return Diagnose(job);
}

TEST(PaceVerdictTest, EveryoneSlowerThanBeforeIsNamedWithoutACulprit) {
  for (bool marked : {true, false}) {
    WorkOptions options;
    options.marked = marked;
    const Report report = AfterWork([](int, int step) { return step > 60 ? 0.028 : 0.020; }, options);
    EXPECT_EQ(report.verdict.anomaly, "slow.global") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, IsEmpty());
    EXPECT_THAT(report.verdict.victims, ElementsAre(0, 1, 2, 3));
  }
}

TEST(PaceVerdictTest, SlowRankIsNamedInsteadOfTheWholeJobItSlows) {
  const Report report = AfterWork([](int r, int step) { return r == 2 && step > 60 ? 0.030 : 0.020; });
  EXPECT_EQ(report.verdict.anomaly, "slow.compute") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  ASSERT_EQ(report.findings.size(), 2u);  // the whole job is slower too, and that is explained
  EXPECT_EQ(report.findings[1].anomaly, "slow.global");
  EXPECT_FALSE(report.findings[1].is_root);
}

TEST(PaceVerdictTest, StretchThatPassesIsNamedWithItsLengthWhenItWasLong) {
  const auto stretch = [](int, int step) { return step > 40 && step <= 80 ? 0.040 : 0.020; };
  const Report report = AfterWork(stretch, {}, 20);
  EXPECT_EQ(report.verdict.anomaly, "slow.global") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, ::testing::HasSubstr(", for 32.1 s"));  // 40 steps of 0.8 s and 2 ms
  EXPECT_EQ(AfterWork(stretch, {}, 5).verdict.anomaly, "healthy");            // 8 s: others took the cores
}

struct Harmless {
  const char* name;
  std::function<double(int rank, int step)> own;
};
class HarmlessPaceTest : public ::testing::TestWithParam<Harmless> {};

TEST_P(HarmlessPaceTest, IsHealthy) {
  const Report report = AfterWork(GetParam().own);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
}
INSTANTIATE_TEST_SUITE_P(
    Paces, HarmlessPaceTest,
    ::testing::Values(
        Harmless{"WarmUp", [](int, int step) { return step < 20 ? 0.080 : 0.020; }},
        Harmless{"Pause", [](int, int step) { return step == 60 ? 5.0 : 0.020; }},
        Harmless{"BusyMachine", [](int, int step) { return 0.020 + Jitter(9, step / 5, 0.060); }},
        Harmless{"EvaluationEveryFifthStep", [](int, int step) { return step % 5 == 0 ? 0.080 : 0.020; }},
        Harmless{"EvaluationOfTenStepsOnEnd", [](int, int step) { return step % 40 > 28 ? 0.120 : 0.020; }},
        Harmless{"FewPerCent", [](int, int step) { return step > 60 ? 0.0210 : 0.020; }},
        Harmless{"BecomesFaster", [](int, int step) { return step > 60 ? 0.010 : 0.020; }}),
    [](const auto& info) { return info.param.name; });

TEST(PaceVerdictTest, LastInterruptedStepIsNoChange) {
  JobBuilder job(kRanks);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  const double end = Work(job, dp, kRanks, 60, 0.1, [](int, int) { return 0.020; });
  Enter(job, dp, end + 1.5, {0, 1, 2, 3});
  for (int r = 0; r < kRanks; ++r) job.Killed(r, end + 1.6, 2);
  EXPECT_EQ(Diagnose(job).verdict.anomaly, "healthy");
}

TEST(PaceVerdictTest, MoreWorkTakesLonger) {
  WorkOptions options;
  options.count = [](int step) { return uint64_t{1024} * (step > 60 ? 2 : 1); };
  const Report report = AfterWork([](int, int step) { return step > 60 ? 0.040 : 0.020; }, options);
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
}

}  // namespace
}  // namespace rankle
