#include "cli/campaign/incident.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/campaign/testing/retry_storm.h"

namespace rankle::cli {
namespace {

using stitch::RunObservation;
using ::testing::HasSubstr;
using testing::NamesOfSites;
using ::testing::Not;
using testing::Observed;

// Two leading cycles over the same two places; the second one also needs failures at the server.
stitch::Stitched TwoCycles() {
  const stitch::Cycle storm = testing::RetryStorm();
  stitch::CycleEdge failing = storm.edges[1];
  failing.edge.to = {"server", testing::kServe};
  stitch::Stitched stitched;
  stitched.cycles.resize(3);
  stitched.cycles[0].edges = storm.edges;
  stitched.cycles[1].edges = {storm.edges[0], storm.edges[1], failing};
  stitched.cycles[2].edges = storm.edges;  // of the first one's cluster
  for (size_t i = 0; i < 3; ++i) stitched.cycles[i].cluster = i == 1 ? 2 : 1;
  stitched.cycles[0].leads_cluster = stitched.cycles[1].leads_cluster = true;
  return stitched;
}

Incident Broken(RunObservation run) {
  return {"broken", "training", std::move(run), {Observed(10, false, 10, stitch::End::kOk)}};
}

TEST(Incident, AStormThatTheJobDidNotGetOverIsTheCycle) {
  const stitch::Stitched stitched = TwoCycles();
  const IncidentSights sights = BestReading({Broken(Observed(40, true, 4, stitch::End::kFailed))}, stitched);
  ASSERT_EQ(sights.cycles.size(), 2u) << "those that lead a cluster";
  const std::string text = IncidentText(sights, stitched, NamesOfSites());
  EXPECT_THAT(text, HasSubstr("cycle 1 is whole"));
  EXPECT_THAT(text, HasSubstr("1 of 2 leading cycles"));
  EXPECT_THAT(text, Not(HasSubstr("cycle 2 is whole"))) << "nothing failed at the server";
  const auto json = nlohmann::json::parse(WithIncident("{}", sights)).at("incident");
  EXPECT_EQ(json.at("cycles")[0].at("whole"), true);
  EXPECT_EQ(json.at("cycles")[1].at("missing_links"), nlohmann::json({2}));
}

TEST(Incident, WhatHealsIsNoCascade) {
  const stitch::Stitched stitched = TwoCycles();
  const IncidentSights sights = BestReading({Broken(Observed(40, true, 10, stitch::End::kOk))}, stitched);
  const std::string text = IncidentText(sights, stitched, NamesOfSites());
  EXPECT_THAT(text, HasSubstr("no cycle is whole"));
  EXPECT_THAT(text, HasSubstr("it got over 1"));
}

TEST(Incident, MoreCallsForMoreWorkAreNoLoad) {
  const stitch::Stitched stitched = TwoCycles();
  const IncidentSights sights = BestReading({Broken(Observed(20, true, 20, stitch::End::kFailed))}, stitched);
  EXPECT_THAT(sights.cycles[0].sight.missing, ::testing::ElementsAre(0u));
}

TEST(Incident, IsReadAsTheWorkloadThatShowsMost) {
  const stitch::Stitched stitched = TwoCycles();
  Incident other = Broken(Observed(40, true, 4, stitch::End::kFailed));
  other.workload = "serving";
  for (stitch::SiteObservation& row : other.run.rows) row.role = "unknown";
  const IncidentSights sights =
      BestReading({other, Broken(Observed(40, true, 4, stitch::End::kFailed))}, stitched);
  EXPECT_EQ(sights.incident.workload, "training");
}

}  // namespace
}  // namespace rankle::cli
