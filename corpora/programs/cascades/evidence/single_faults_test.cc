#include "corpora/programs/cascades/evidence/single_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::cascades {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Site kAwait{"Await", "recv"}, kRead{"Read", "read"};

JobRun Counted(uint32_t reads, std::map<std::string, uint32_t> await_outcomes) {
  JobRun run;
  run.sites[{"Await", "recv"}] = {10, std::move(await_outcomes)};
  run.sites[{"Read", "read"}] = {reads, {}};
  return run;
}

TEST(SingleFaults, EverySiteGetsTheErrorsOfItsCallAndADelay) {
  const std::vector<Trial> trials = TrialsFor({Counted(5, {})}, 200, true);
  std::vector<std::string> triggers;
  for (const Trial& trial : trials) triggers.push_back(trial.trigger);
  EXPECT_THAT(triggers, ElementsAre("Await:recv 5+1 error EAGAIN", "Await:recv 5+1 error ECONNRESET",
                                    "Await:recv 1+1000000 delay 200", "Read:read 3+1 error EIO",
                                    "Read:read 1+1000000 delay 200"));
}

TEST(SingleFaults, MoreHitsGoOnAsADelayAndNewOutcomesAsTheirError) {
  FaultGraph graph;
  const std::vector<JobRun> plain = {Counted(5, {{"END", 1}}), Counted(6, {})};
  AddEdges({kAwait, "error EAGAIN", ""}, plain, Counted(7, {}), 200, &graph);
  AddEdges({kRead, "delay 200", ""}, plain, Counted(5, {{"EAGAIN", 1}, {"END", 1}}), 200, &graph);
  EXPECT_THAT(graph["Await:recv error EAGAIN"], ElementsAre("Read:read delay 200"));
  EXPECT_THAT(graph["Read:read delay 200"], ElementsAre("Await:recv error EAGAIN"));
}

TEST(SingleFaults, HitsWithinThoseOfPlainRunsAreNoEffect) {
  FaultGraph graph;
  AddEdges({kAwait, "error EAGAIN", ""}, {Counted(5, {}), Counted(6, {})}, Counted(6, {}), 200, &graph);
  EXPECT_THAT(graph["Await:recv error EAGAIN"], IsEmpty());
}

TEST(SingleFaults, LoadOfADelayIsNoEdge) {
  FaultGraph graph;
  AddEdges({kAwait, "delay 200", ""}, {Counted(5, {})}, Counted(9, {}), 200, &graph);
  EXPECT_THAT(graph["Await:recv delay 200"], IsEmpty());
}

TEST(SingleFaults, CyclesAreFoundOnceAndVisitASiteOnce) {
  const FaultGraph graph = {{"A:x e", {"B:x d"}},
                            {"B:x d", {"A:x e", "C:x e"}},
                            {"C:x e", {"A:x e", "A:x d", "C:x e"}},
                            {"A:x d", {"C:x e"}}};
  EXPECT_THAT(Cycles(graph, 5),
              UnorderedElementsAre(ElementsAre("A:x e", "B:x d"), ElementsAre("A:x e", "B:x d", "C:x e"),
                                   ElementsAre("A:x d", "C:x e"), ElementsAre("C:x e")));
  EXPECT_THAT(Cycles(graph, 2), UnorderedElementsAre(ElementsAre("A:x e", "B:x d"),
                                                     ElementsAre("A:x d", "C:x e"), ElementsAre("C:x e")));
}

}  // namespace
}  // namespace rankle::cascades
