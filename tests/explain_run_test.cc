// Causal chains of real runs that a suite cannot make: with an agent that starts ranks again, and with
// watchdogs that race. The others: corpora/suites/explanations.yaml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
using nlohmann::json;

class ExplainRun : public ::testing::Test {
 protected:
  json Chain(Arguments run, const Arguments& command) {
    run.insert(run.begin(), {"run", "-q", "-n", "4", "--virtual-gpus", "4", "-o", out_dir()});
    run.push_back("--");
    run.insert(run.end(), command.begin(), command.end());
    const Finished job = RunRankle(run);
    const Finished analysis = RunRankle({"analyze", out_dir(), "--format", "json"});
    report_ = json::parse(analysis.out, nullptr, false);
    EXPECT_TRUE(report_.is_object()) << job.err << analysis.err;
    return report_["causal_chain"];
  }
  std::string out_dir() const { return scratch_.Path("out"); }
  ScratchDirectory scratch_;
  json report_;
};

// The entry that an edge links and that `rank` takes part in; null where there is none.
json Linked(const json& chain, const std::string& edge, int rank) {
  for (const json& entry : chain) {
    if (entry.value("edge", "") != edge) continue;
    const json ranks = entry.value("ranks", json::array({entry["rank"]}));
    if (std::find(ranks.begin(), ranks.end(), rank) != ranks.end()) return entry;
  }
  return nullptr;
}

TEST_F(ExplainRun, SlowCheckpointLosesItsHeartbeatAndTheRankIsStartedAgain) {
  // Two renames a checkpoint: the second checkpoint of the first process is slow, and the one that is started
  // again makes no second one.
  const json chain =
      Chain({"--fault", "delay rename rank=0 nth=3 time=60s"},
            {AGENT, "4", DDP_TRAIN, "--steps", "59", "--log-every", "1", "--step-time", "5ms", "--checkpoint",
             scratch_.Path("checkpoints"), "--checkpoint-every", "20", "--resume"});
  const json started = Linked(chain, "end/restarted", 0);
  ASSERT_FALSE(started.is_null()) << report_.dump(1);
  const json killed = chain[started["because"].get<size_t>()];
  EXPECT_EQ(killed.value("edge", ""), "silence/killed") << chain.dump(1);
  EXPECT_EQ(killed["rank"], 0);
  // Rank 1 saw an error and ended itself: nobody missed its heartbeats.
  EXPECT_TRUE(Linked(chain, "silence/killed", 1).is_null()) << chain.dump(1);
}

TEST_F(ExplainRun, RanksThatWaitForAStoppedOneRunIntoTheirWatchdog) {
  const json chain = Chain(
      {"--on-hang", "kill", "--hang-after", "8", "--fault", "signal ncclAllReduce rank=2 nth=60 signal=STOP"},
      {DDP_TRAIN, "--steps", "100", "--timeout", "4"});
  EXPECT_EQ(report_["verdict"]["class"], "hang.not_entered") << report_["verdict"].dump();
  const auto timed_out = [&](int rank) { return !Linked(chain, "wait/timeout", rank).is_null(); };
  EXPECT_TRUE(timed_out(0) || timed_out(1) || timed_out(3)) << chain.dump(1);
  EXPECT_FALSE(timed_out(2)) << chain.dump(1);
}

}  // namespace
}  // namespace rankle::testing
