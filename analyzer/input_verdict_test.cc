// Verdicts on a rank that is late by its own time: on its host before the device gets work (input), or
// otherwise (compute), as far as the records tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::Diagnose;
using ::testing::ElementsAre;
using testing::Jitter;
using testing::JobBuilder;
using testing::Op;

constexpr int kRanks = 4;
constexpr int kLate = 1;

// Of a step, in seconds after its mark.
struct Step {
  double blocked_until = 0;  // in cudaStreamSynchronize; 0 = no such call
  double launched = 0.001;   // first launch; < 0 = launches are not on record
  double entered = 0.0015;   // the collective is called
  double started = 0.011;    // the device gets to it
};

// Forty times ranks meet in a collective, every so many steps; the late rank, and another one, behave
// differently.
Report After(const Step& late, const Step& usual = {}, const std::pair<int, Step>& other = {-1, {}},
             int steps_a_meeting = 1) {
  JobBuilder job(kRanks);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  std::vector<double> at(kRanks, 0.1);  // by rank: they wait for each other where they meet only
  for (int step = 1; step <= 40 * steps_a_meeting; ++step) {
    double last = 0;
    std::vector<Op> ops;
    for (int r = 0; r < kRanks; ++r) {
      const Step& s = r == kLate ? late : r == other.first ? other.second : usual;
      job.Mark(r, at[r], step);
      if (s.blocked_until > 0) job.Call(r, at[r], at[r] + s.blocked_until, "cudaStreamSynchronize");
      if (s.launched >= 0) job.Call(r, at[r] + s.launched, at[r] + s.launched + 1e-5, "cudaLaunchKernel");
      Op op;
      op.rank = r, op.communicator = dp, op.entered = at[r] + s.entered;
      op.started = at[r] + s.started + Jitter(r, step, 0.0005);
      at[r] = op.started + 0.001;
      last = std::max(last, op.started);
      ops.push_back(op);
    }
    if (step % steps_a_meeting != 0) continue;
    for (Op& op : ops) op.finished = last + 0.002, job.Add(op);
    at.assign(kRanks, last + 0.003);
  }
  for (int r = 0; r < kRanks; ++r) job.Exited(r, at[r] + 0.1);
  return Diagnose(job);
}

TEST(InputVerdictTest, HostThatGivesItsDeviceWorkLateIsLateByInput) {
  const Report report = After({.launched = 0.021, .entered = 0.0215, .started = 0.031});
  EXPECT_EQ(report.verdict.anomaly, "slow.input") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(kLate));
}

TEST(InputVerdictTest, InputOfOneRankAndComputeOfAnotherAreMixed) {
  const Step input = {.launched = 0.021, .entered = 0.0215, .started = 0.031};
  const Report report = After(input, {}, {3, {.started = 0.033}});
  EXPECT_EQ(report.verdict.anomaly, "slow.mixed") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(kLate, 3));
}

TEST(InputVerdictTest, StepsThatDoNotCommunicateCountWithTheNextThatDoes) {
  const Report late_input = After({.launched = 0.021, .entered = 0.0215, .started = 0.031}, {}, {-1, {}}, 5);
  EXPECT_EQ(late_input.verdict.anomaly, "slow.input") << late_input.verdict.summary;
  EXPECT_THAT(late_input.verdict.ranks, ElementsAre(kLate));
  const Report slow_device = After({.started = 0.031}, {}, {-1, {}}, 5);
  EXPECT_EQ(slow_device.verdict.anomaly, "slow.compute") << slow_device.verdict.summary;
}

TEST(InputVerdictTest, LessThanATimeSliceAStepMayBeTheHosts) {
  // 2 ms a step of 8: the same share is an alarm where steps are longer.
  const Step late = {.started = 0.010}, usual = {.started = 0.008};
  EXPECT_EQ(After(late, usual, {-1, {}}, 1).verdict.anomaly, "healthy");
  EXPECT_EQ(After(late, usual, {-1, {}}, 10).verdict.anomaly, "healthy");
  const Step long_late = {.started = 0.050}, long_usual = {.started = 0.040};
  EXPECT_EQ(After(long_late, long_usual, {-1, {}}, 10).verdict.anomaly, "slow.compute");
}

struct Compute {
  const char* name;
  Step late, usual;
};
class ComputeVerdictTest : public ::testing::TestWithParam<Compute> {};

TEST_P(ComputeVerdictTest, StaysWithCompute) {
  const Report report = After(GetParam().late, GetParam().usual);
  EXPECT_EQ(report.verdict.anomaly, "slow.compute") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(kLate));
}
INSTANTIATE_TEST_SUITE_P(
    Reasons, ComputeVerdictTest,
    ::testing::Values(
        Compute{"DeviceIsSlow", {.started = 0.031}, {}},
        Compute{"HostIsLateBetweenLaunches", {.entered = 0.0215, .started = 0.0225}, {}},
        Compute{"HostWaitsForItsDevice",
                {.blocked_until = 0.0205, .launched = 0.021, .entered = 0.0215, .started = 0.031},
                {}},
        Compute{"LaunchesAreNotOnRecord",
                {.launched = -1, .entered = 0.0215, .started = 0.031},
                {.launched = -1}},
        Compute{"OnlyAThirdPassesOnTheHost", {.launched = 0.008, .entered = 0.0085, .started = 0.031}, {}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rankle
