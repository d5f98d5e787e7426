// What-if on real runs: from the record of a job with a slow rank, the step time of the job without the
// slowness, held against the measured step time of a healthy run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

// Steps are long, so that what other processes take of the machine stays below this.
constexpr double kWithin = 0.10;

nlohmann::json WhatIfOfARun(const std::string& directory, const Arguments& faults, const Arguments& command) {
  Arguments run{"run", "-q", "-n", "4", "--virtual-gpus", "4", "-o", directory};
  for (const std::string& fault : faults) run.insert(run.end(), {"--fault", fault});
  run.push_back("--");
  run.insert(run.end(), command.begin(), command.end());
  const Finished job = RunRankle(run);
  EXPECT_EQ(job.exit_code, 0) << job.err;
  const Finished analysis = RunRankle({"analyze", "--what-if", directory, "--format", "json"});
  EXPECT_EQ(analysis.exit_code, 0) << analysis.err;
  const nlohmann::json figures = nlohmann::json::parse(analysis.out, nullptr, false);
  EXPECT_TRUE(figures.is_object()) << job.err << analysis.err;
  return figures;
}

struct Case {
  std::string name;
  Arguments command, faults;
  int slow_rank;
};

class WhatIfPrediction : public ::testing::TestWithParam<Case> {};

TEST_P(WhatIfPrediction, PredictsTheStepTimeOfTheHealthyJob) {
  const ScratchDirectory scratch;
  // Before and after: the load of the machine comes and goes.
  const nlohmann::json before = WhatIfOfARun(scratch.Path("before"), {}, GetParam().command);
  const nlohmann::json slow = WhatIfOfARun(scratch.Path("slow"), GetParam().faults, GetParam().command);
  const nlohmann::json after = WhatIfOfARun(scratch.Path("after"), {}, GetParam().command);
  const double measured = (before["traced_s"].get<double>() + after["traced_s"].get<double>()) / 2,
               with_the_fault = slow["traced_s"], predicted = slow["worst_workers"]["fixed_s"];
  std::printf("%s: a step takes %.2f ms with a slow rank; predicted without it %.2f ms, measured %.2f ms\n",
              GetParam().name.c_str(), 1e3 * with_the_fault, 1e3 * predicted, 1e3 * measured);
  EXPECT_GT(with_the_fault, 1.2 * measured);  // else there was nothing to predict
  EXPECT_NEAR(predicted, measured, kWithin * measured);
  EXPECT_EQ(slow["worst_workers"]["workers"][0]["rank"], GetParam().slow_rank);
  // The replay explains the record.
  EXPECT_NEAR(slow["real_s"], with_the_fault, 0.01 * with_the_fault);
}

TEST(WhatIfRun, SaysWhereOverlapHidesWhatPeersCompute) {
  const ScratchDirectory scratch;
  const nlohmann::json slow =
      WhatIfOfARun(scratch.Path("slow"), {"slow-kernel launch rank=3 time=3ms"},
                   {DDP_TRAIN, "--steps", "40", "--step-time", "20ms", "--overlap", "--buckets", "4"});
  EXPECT_THAT(slow["notes"].dump(), HasSubstr("hidden behind their communication and shows on 3 only"));
  EXPECT_EQ(slow["worst_workers"]["workers"][0]["rank"], 3);
}

INSTANTIATE_TEST_SUITE_P(Programs, WhatIfPrediction,
                         ::testing::Values(Case{"SlowDevice",
                                                {DDP_TRAIN, "--steps", "30", "--step-time", "80ms"},
                                                {"slow-kernel launch rank=2 time=8ms"},
                                                2},
                                           Case{"LateBatches",
                                                {DDP_TRAIN, "--steps", "30", "--step-time", "80ms"},
                                                {"delay ncclAllReduce rank=1 time=30ms"},
                                                1},
                                           Case{"Pipeline",
                                                {HYBRID_TRAIN, "--steps", "30", "--step-time", "80ms", "--tp",
                                                 "1", "--pp", "2", "--dp", "2"},
                                                {"slow-kernel launch rank=1 time=2ms"},
                                                1}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace rankle::testing
