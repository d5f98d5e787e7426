// Which faults are tried at the call sites that plain runs reached.
#include "cli/campaign/fault_points.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/campaign/fault_plan.h"
#include "cli/campaign/later_hits.h"

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr stitch::SiteId kPoll = 0xa1;
constexpr stitch::Signature kReady = 0xf1, kTimedOut = 0xf2;

stitch::Observations Polls(const std::vector<std::vector<stitch::Signature>>& plain_runs) {
  stitch::Observations observations;
  observations.names.sites[kPoll] = {
      .name = "poll from Wait (wait.cc:1)", .kind = stitch::SiteKind::kCall, .guards = {}};
  observations.names.signatures[kReady].text = "poll: ok";
  observations.names.signatures[kTimedOut].text = "poll: timeout";
  for (const auto& signatures : plain_runs) {
    stitch::RunObservation& run = observations.runs.emplace_back();
    run.workload = "w";
    run.rows = {{.role = "root",
                 .site = kPoll,
                 .call_site = 1,
                 .hits = 3,
                 .signatures = signatures,
                 .per_parent = {}}};
  }
  return observations;
}

std::vector<std::string> Plans(const stitch::Observations& observations) {
  std::vector<std::string> plans;
  for (const stitch::Fault& fault : FaultsOf(observations, "w", {}, {}))
    plans.push_back(PlanOf(fault, observations.names));
  return plans;
}

TEST(FaultPoints, AWaitForReadinessMayTimeOut) {
  EXPECT_THAT(
      Plans(Polls({{kReady}, {kReady}, {kReady, kTimedOut}})),
      ElementsAre("time-out poll site=0000000000a1 nth=1", "fail poll errno=12 site=0000000000a1 nth=1"));
}

TEST(FaultPoints, WhereWaitsTimeOutAnywayNothingNewLeads) {
  EXPECT_THAT(Plans(Polls({{kTimedOut}, {kReady, kTimedOut}, {kReady}})),
              ElementsAre("fail poll errno=12 site=0000000000a1 nth=1"));
}

stitch::Observations Calls(const std::string& function, const std::string& outcome) {
  stitch::Observations observations = Polls({{kReady, kTimedOut}, {kReady}, {kReady}});
  observations.names.sites[kPoll].name = function + " from Step (step.cc:1)";
  observations.names.signatures[kReady].text = function + ": ok";
  observations.names.signatures[kTimedOut].text = function + ": " + outcome;
  return observations;
}

TEST(FaultPoints, NcclAndCudaFailAsTheyDoInPractice) {
  EXPECT_THAT(Plans(Calls("ncclAllReduce", "ok")),
              ElementsAre("fail ncclAllReduce result=ncclSystemError site=0000000000a1 nth=1",
                          "fail ncclAllReduce result=ncclRemoteError site=0000000000a1 nth=1"));
  EXPECT_THAT(Plans(Calls("cudaMalloc", "ok")),
              ElementsAre("fail cudaMalloc result=cudaErrorMemoryAllocation site=0000000000a1 nth=1"));
}

TEST(FaultPoints, ErrorsThatWereSeenAreTriedWhereTheFunctionReturnsThem) {
  EXPECT_THAT(Plans(Calls("ncclAllReduce", "ncclInternalError")),
              ::testing::Contains("fail ncclAllReduce result=ncclInternalError site=0000000000a1 nth=1"));
  EXPECT_THAT(Plans(Calls("connect", "EHOSTUNREACH")),
              ::testing::Contains("fail connect errno=113 site=0000000000a1 nth=1"));
  EXPECT_THAT(Plans(Calls("cudaMalloc", "ENOMEM")), ::testing::SizeIs(1)) << "no result of CUDA";
}

std::vector<std::string> LaterPlans(const stitch::Observations& observations, const Workload& workload) {
  std::vector<std::string> plans;
  for (const stitch::Fault& fault :
       AtLaterHits(FaultsOf(observations, "w", {}, {1'000'000}), observations, workload, 3))
    plans.push_back(PlanOf(fault, observations.names));
  return plans;
}

TEST(FaultPoints, ALaterHitIsTheMiddleOneOfAProcess) {
  stitch::Observations observations = Polls({{kReady}, {kReady}, {kReady}, {kReady}});
  const uint64_t hits[] = {60, 20, 200, 9000};  // of two workers; the fourth run came after the profile
  for (size_t i = 0; i < 4; ++i) {
    observations.runs[i].rows[0].role = "worker";
    observations.runs[i].rows[0].hits = hits[i];
  }
  Workload workload;
  workload.name = "w";
  workload.ranks = 3;
  EXPECT_THAT(LaterPlans(observations, workload), ElementsAre("time-out poll site=0000000000a1 nth=16",
                                                              "fail poll errno=12 site=0000000000a1 nth=16"));
  workload.ranks = 0;  // nobody knows how many workers there are
  EXPECT_THAT(LaterPlans(observations, workload), IsEmpty());
}

TEST(FaultPoints, FewHitsHaveNoLaterOne) {
  Workload workload;
  workload.name = "w";
  workload.ranks = 1;
  EXPECT_THAT(LaterPlans(Polls({{kReady}, {kReady}}), workload), IsEmpty());
}

TEST(FaultPoints, WhatHalfOfThePlainRunsMissIsNoPoint) {
  stitch::Observations observations = Polls({{kReady}, {kReady}});
  observations.runs[1].rows.clear();
  EXPECT_THAT(Plans(observations), IsEmpty());
}

}  // namespace
}  // namespace rankle::cli
