#include "corpora/programs/cascades/evidence/truth.h"

#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

namespace rankle::cascades {
namespace {

constexpr char kTruth[] = R"(
- name: storm
  kind: retry storm
  length: 2
  campaign: {ranks: 2, workloads: [w], delay_ms: 200}
  replay: {ranks: 4, workload: w, trigger: "Read:read 1+1 delay 9"}
  cycle:
    - cause: {function: Await, call: recv, kind: error EAGAIN}
      effect: {function: Read, call: read, kind: S+}
      workload: w
      hit: 4
    - cause: {function: Read, call: read, kind: delay 200}
      effect: {function: Await, call: recv, kind: E, outcome: EAGAIN}
      workload: w
      hit: 7
)";

TEST(Truth, EdgesBecomeTriggers) {
  const auto truths = ReadTruths(kTruth, "t.yaml");
  ASSERT_TRUE(truths.ok()) << truths.status();
  ASSERT_EQ(truths->size(), 1u);
  const Truth& truth = truths->front();
  EXPECT_EQ(truth.replay_ranks, 4);
  ASSERT_EQ(truth.cycle.size(), 2u);
  EXPECT_EQ(truth.cycle[0].trigger, "Await:recv 4+1 error EAGAIN");
  EXPECT_EQ(truth.cycle[0].outcome, "");
  EXPECT_EQ(truth.cycle[1].trigger, "Read:read 7+1 delay 200");
  EXPECT_EQ(truth.cycle[1].outcome, "EAGAIN");
}

std::string Message(const std::string& what, const std::string& instead) {
  return std::string(ReadTruths(absl::StrReplaceAll(kTruth, {{what, instead}}), "t.yaml").status().message());
}

TEST(Truth, RefusesACycleThatDoesNotClose) {
  EXPECT_NE(Message("outcome: EAGAIN", "outcome: EPIPE").find("t.yaml:2: edge 2 ends at Await:recv"),
            std::string::npos);
  EXPECT_NE(Message("kind: delay 200", "kind: error EIO").find("edge 1"), std::string::npos);
  EXPECT_NE(Message("length: 2", "length: 3").find("2 edges, but length 3"), std::string::npos);
}

TEST(Truth, RefusesAMissingField) {
  EXPECT_NE(Message("      hit: 4\n", "").find("t.yaml"), std::string::npos);
}

}  // namespace
}  // namespace rankle::cascades
