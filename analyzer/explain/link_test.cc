// Links are made only where the trace has both events, in order, in reach, and in time.
#include "analyzer/explain/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::explain {
namespace {

constexpr int64_t kMs = 1'000'000;

Event At(EventKind kind, int rank, int64_t ms, bool root = false) {
  Event e;
  e.kind = kind, e.ranks = {rank}, e.earliest = e.latest = e.shown = ms * kMs, e.root = root;
  return e;
}
CauseEdge Edge(EventKind cause, EventKind effect, Reach reach, int64_t most_ms = 1'000,
               int64_t least_ms = 0) {
  CauseEdge edge;
  edge.id = std::string(EventKindName(cause)) + "/" + EventKindName(effect);
  edge.cause.kinds = {cause}, edge.effect.kinds = {effect};
  edge.reach = reach, edge.least_ns = least_ms * kMs, edge.most_ns = most_ms * kMs;
  return edge;
}
// Four ranks of one communicator.
Incident Job(std::vector<Event> events) {
  Incident incident;
  incident.events = std::move(events), incident.members = {{0, 1, 2, 3}};
  return incident;
}
std::vector<int> Causes(Incident incident, const std::vector<CauseEdge>& edges) {
  std::vector<int> causes;
  for (const CauseOf& cause : LinkEvents(incident, edges)) causes.push_back(cause.cause);
  return causes;
}

using ::testing::ElementsAre;

const std::vector<CauseEdge> kRemote = {Edge(EventKind::kEnd, EventKind::kAsync, Reach::kPeer),
                                        Edge(EventKind::kAsync, EventKind::kGivesUp, Reach::kSameRank),
                                        Edge(EventKind::kGivesUp, EventKind::kEnd, Reach::kSameRank)};

TEST(LinkTest, EffectsAreLinkedToTheRootAcrossRanksAndOn) {
  EXPECT_THAT(Causes(Job({At(EventKind::kEnd, 2, 100, true), At(EventKind::kAsync, 0, 110),
                          At(EventKind::kGivesUp, 0, 120), At(EventKind::kEnd, 0, 130),
                          At(EventKind::kAsync, 1, 111)}),
                     kRemote),
              ElementsAre(-1, 0, 1, 2, 0));
}

TEST(LinkTest, EffectBeforeItsCauseIsNotLinked) {
  EXPECT_THAT(Causes(Job({At(EventKind::kEnd, 2, 100, true), At(EventKind::kAsync, 0, 99)}), kRemote),
              ElementsAre(-1, -1));
}

TEST(LinkTest, DelayMustFit) {
  const std::vector<CauseEdge> edges = {Edge(EventKind::kEnd, EventKind::kAsync, Reach::kPeer, 50, 10)};
  EXPECT_THAT(Causes(Job({At(EventKind::kEnd, 2, 100, true), At(EventKind::kAsync, 0, 105),
                          At(EventKind::kAsync, 1, 120), At(EventKind::kAsync, 3, 151)}),
                     edges),
              ElementsAre(-1, -1, 0, -1));
}

TEST(LinkTest, ClockUncertaintyCountsBetweenHostsOnly) {
  Incident job =
      Job({At(EventKind::kEnd, 2, 100, true), At(EventKind::kAsync, 0, 98), At(EventKind::kAsync, 3, 98)});
  job.clock_uncertainty = 3 * kMs;
  job.hosts = {{0, "a"}, {1, "a"}, {2, "b"}, {3, "b"}};
  const auto links = LinkEvents(job, kRemote);
  EXPECT_EQ(links[1].cause, 0);
  EXPECT_EQ(links[2].cause, -1);
  EXPECT_GE(job.events[1].shown, job.events[0].shown);  // no effect stands before its cause
}

TEST(LinkTest, RanksWithoutACommonCommunicatorDoNotReachEachOther) {
  Incident job =
      Job({At(EventKind::kEnd, 0, 100, true), At(EventKind::kAsync, 1, 110), At(EventKind::kAsync, 2, 110)});
  job.members = {{0, 1}, {2, 3}};
  EXPECT_THAT(Causes(job, kRemote), ElementsAre(-1, 0, -1));
}

TEST(LinkTest, ErrorOfACommunicatorIsNotCausedByARankOutsideIt) {
  Incident job = Job({At(EventKind::kEnd, 0, 100, true), At(EventKind::kAsync, 1, 110)});
  job.members = {{0, 1, 2}, {1, 2}};
  job.events[1].communicator = 1;
  EXPECT_THAT(Causes(job, kRemote), ElementsAre(-1, -1));
}

TEST(LinkTest, NothingIsLinkedThatTheRootDoesNotLeadTo) {
  EXPECT_THAT(Causes(Job({At(EventKind::kAsync, 0, 100), At(EventKind::kGivesUp, 0, 110),
                          At(EventKind::kEnd, 2, 300, true)}),
                     kRemote),
              ElementsAre(-1, -1, -1));
}

TEST(LinkTest, WhatLedToTheRootOnItsOwnRankIsLinkedButNothingAcrossRanks) {
  EXPECT_THAT(Causes(Job({At(EventKind::kEnd, 1, 50), At(EventKind::kAsync, 2, 90),
                          At(EventKind::kGivesUp, 2, 95, true)}),
                     kRemote),
              ElementsAre(-1, -1, 1));
}

TEST(LinkTest, OfCausesOnTheSameRankTheLastCountsAndElsewhereTheFirst) {
  const std::vector<CauseEdge> edges = {Edge(EventKind::kEnd, EventKind::kAsync, Reach::kPeer),
                                        Edge(EventKind::kAsync, EventKind::kTeardown, Reach::kSameRank),
                                        Edge(EventKind::kAsync, EventKind::kGivesUp, Reach::kSameRank),
                                        Edge(EventKind::kTeardown, EventKind::kGivesUp, Reach::kSameRank),
                                        Edge(EventKind::kGivesUp, EventKind::kEnd, Reach::kSameRank)};
  EXPECT_THAT(Causes(Job({At(EventKind::kEnd, 2, 100, true), At(EventKind::kAsync, 0, 110),
                          At(EventKind::kTeardown, 0, 120), At(EventKind::kGivesUp, 0, 125),
                          At(EventKind::kEnd, 0, 130), At(EventKind::kAsync, 1, 140)}),
                     edges),
              ElementsAre(-1, 0, 1, 2, 3, 0));
}

TEST(LinkTest, MomentsThatAreKnownWithinBoundsAreMovedSoThatCausesComeFirst) {
  Incident job = Job({At(EventKind::kEnd, 2, 100, true), At(EventKind::kAsync, 0, 110)});
  job.events[0].latest = job.events[0].shown = 200 * kMs;  // seen by the launcher then
  EXPECT_EQ(LinkEvents(job, kRemote)[1].cause, 0);
  EXPECT_EQ(job.events[0].shown, 110 * kMs);
}

TEST(LinkTest, EndThatMayHaveComeWithTheEventBeforeItFollowsIt) {
  Incident job =
      Job({At(EventKind::kAsync, 2, 90, true), At(EventKind::kGivesUp, 2, 100), At(EventKind::kEnd, 2, 100)});
  job.events[2].latest = 150 * kMs;
  const std::vector<CauseEdge> edges = {Edge(EventKind::kAsync, EventKind::kGivesUp, Reach::kSameRank),
                                        Edge(EventKind::kAsync, EventKind::kEnd, Reach::kSameRank),
                                        Edge(EventKind::kGivesUp, EventKind::kEnd, Reach::kSameRank)};
  EXPECT_THAT(Causes(job, edges), ElementsAre(-1, 0, 1));
}

TEST(LinkTest, EventsThatCouldCauseEachOtherMakeNoCircle) {
  Incident job = Job({At(EventKind::kSilence, 0, 100, true), At(EventKind::kStandstill, 0, 100),
                      At(EventKind::kWait, 0, 100)});
  for (Event& e : job.events) e.latest = 500 * kMs;
  const std::vector<CauseEdge> edges = {Edge(EventKind::kSilence, EventKind::kStandstill, Reach::kSameRank),
                                        Edge(EventKind::kStandstill, EventKind::kWait, Reach::kSameRank),
                                        Edge(EventKind::kWait, EventKind::kStandstill, Reach::kSameRank)};
  EXPECT_THAT(Causes(job, edges), ElementsAre(-1, 0, 1));
}

}  // namespace
}  // namespace rankle::explain
