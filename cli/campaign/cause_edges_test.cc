// Edges of a campaign as edges of the library.
#include "cli/campaign/cause_edges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::cli {
namespace {

using explain::EventKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One fault whose own place then showed `from`, and which made `to` appear elsewhere.
std::vector<explain::CauseEdge> EdgesOf(const std::string& from, const std::string& to,
                                        stitch::Effect effect = stitch::Effect::kNewBehaviour) {
  stitch::Names names;
  names.signatures[1] = {.text = from, .outcomes = {}};
  names.signatures[2] = {.text = to, .outcomes = {}};
  stitch::Causes causes;
  stitch::Experiment experiment;
  experiment.workload = "train", experiment.injected_runs = {"r4", "r7"};
  experiment.own.push_back({.key = {}, .signatures = {1}});
  causes.experiments.push_back(experiment);
  stitch::Edge edge;
  edge.effect = effect;
  edge.evidence.push_back({.call_site = 0, .fresh = {2}});
  causes.edges.push_back(edge);
  return CauseEdgesOf(causes, names, "campaign-1");
}

TEST(CauseEdgesTest, FailedCallsOfBothEndsBecomeAnEdgeThatNamesItsRuns) {
  const auto edges = EdgesOf("ncclAllReduce: ncclSystemError", "cudaFree: cudaErrorInvalidValue (1)");
  ASSERT_EQ(edges.size(), 2u);
  EXPECT_EQ(edges[0].reach, explain::Reach::kSameRank);
  EXPECT_EQ(edges[1].reach, explain::Reach::kPeer);
  EXPECT_THAT(edges[0].cause.names, ElementsAre("ncclAllReduce"));
  EXPECT_THAT(edges[0].cause.errors, ElementsAre("ncclSystemError"));
  EXPECT_THAT(edges[0].effect.errors, ElementsAre("cudaErrorInvalidValue"));
  EXPECT_EQ(edges[0].source, "campaign-1, runs r4, r7");
}

TEST(CauseEdgesTest, ThrownExceptionsAreTheExceptionsOfTheFlightRecord) {
  const auto edges = EdgesOf("ncclAllReduce: ncclSystemError", "__cxa_throw: std::runtime_error");
  ASSERT_FALSE(edges.empty());
  EXPECT_THAT(edges[0].effect.kinds, ElementsAre(EventKind::kException));
  EXPECT_THAT(edges[0].effect.names, ElementsAre("std::runtime_error"));
}

TEST(CauseEdgesTest, WhatAFlightRecordDoesNotTellMakesNoEdge) {
  EXPECT_THAT(EdgesOf("connect: ECONNREFUSED", "ncclCommInitRank: ncclSystemError"), IsEmpty());
  EXPECT_THAT(EdgesOf("ncclAllReduce: ncclSystemError", "read: end"), IsEmpty());
  EXPECT_THAT(
      EdgesOf("ncclAllReduce: ncclSystemError", "cudaFree: cudaErrorInvalidValue", stitch::Effect::kMoreWork),
      IsEmpty());
}

TEST(CauseEdgesTest, DirectoryWithoutACampaignIsSaidSo) {
  EXPECT_THAT(std::string(ReadCauseEdges("/no/such").status().message()), HasSubstr("/no/such"));
}

}  // namespace
}  // namespace rankle::cli
