// A job watched while it runs: slow-downs, several nodes, `analyze --follow`. Real programs on virtual GPUs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Arguments = std::vector<std::string>;

class Live : public ::testing::Test {
 protected:
  std::string out_dir() const { return scratch_.Path("out"); }

  Arguments Train(const Arguments& flags, const Arguments& options) const {
    Arguments all{"run", "-q", "--watch", "-n", "4", "--virtual-gpus", "4", "-o", out_dir()};
    all.insert(all.end(), flags.begin(), flags.end());
    all.insert(all.end(), {"--", DDP_TRAIN});
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }

  // Two of four ranks, as a launcher on one of two nodes would start them.
  Arguments Node(const std::string& name, int first_rank, const Arguments& flags, int steps) const {
    const std::string script =
        "for i in 0 1; do RANK=$((" + std::to_string(first_rank) + "+i)) LOCAL_RANK=$((" +
        std::to_string(first_rank) +
        "+i)) WORLD_SIZE=4 MASTER_ADDR=127.0.0.1 MASTER_PORT=" + std::to_string(port_) + " \"$0\" --steps " +
        std::to_string(steps) + " --step-time 10ms & done; wait";
    Arguments all{"run", "-q", "--node", name, "--virtual-gpus", "4", "-o", out_dir()};
    all.insert(all.end(), flags.begin(), flags.end());
    all.insert(all.end(), {"--", "/bin/sh", "-c", script, DDP_TRAIN});
    return all;
  }

  std::vector<json> Events(const std::string& directory) const {
    std::ifstream file(directory + "/events.jsonl");
    std::vector<json> events;
    for (std::string line; std::getline(file, line);) events.push_back(json::parse(line));
    return events;
  }

  ScratchDirectory scratch_;
  int port_ = 20'000 + getpid() % 10'000;
};

TEST_F(Live, ASlowdownIsCalledWithItsCulpritAndItsEnd) {
  // Four all-reduces a step: steps 201 to 300.
  const Finished run = RunRankle(Train({"--fault", "delay ncclAllReduce rank=2 call=801..1200 time=20ms"},
                                       {"--steps", "800", "--step-time", "10ms"}));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, AllOf(HasSubstr("the job is slower since"), HasSubstr("(step 20"),
                             HasSubstr("rank 2 arrives late"), HasSubstr("back to its usual pace")))
      << run.err;
  const std::vector<json> events = Events(out_dir());
  ASSERT_EQ(events.size(), 2u) << run.err;
  EXPECT_EQ(events[0]["kind"], "slower");
  EXPECT_EQ(events[0]["ranks"], json::array({2}));
  EXPECT_EQ(events[1]["kind"], "recovered");
  const Finished analysis = RunRankle({"analyze", "--format", "json", out_dir()});
  EXPECT_THAT(json::parse(analysis.out)["causal_chain"].dump(),
              HasSubstr("rankle run said: the job is slower"));
}

TEST_F(Live, AHealthyJobWithAPauseEveryFiftyStepsIsNotCalledAnything) {
  // As long as a checkpoint of rank 0, and unlike anything before.
  const Finished run =
      RunRankle(Train({"--fault", "delay ncclAllReduce rank=0 call=100.. every=200 time=800ms"},
                      {"--steps", "400", "--step-time", "10ms"}));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
}

TEST_F(Live, AStallIsCalledOnBothNodesAndNamesTheRankOfTheOther) {
  fs::create_directories(out_dir());
  RankleProcess follow({"analyze", "--follow", "--format", "json", out_dir()});
  RankleProcess a(Node("a", 0, {"--on-hang", "kill"}, 2000));
  RankleProcess b(
      Node("b", 2, {"--on-hang", "kill", "--fault", "hang ncclAllReduce rank=3 call=1200"}, 2000));
  const Finished on_a = a.Wait(), on_b = b.Wait(), followed = follow.Wait();
  EXPECT_THAT(on_a.err, HasSubstr("verdict: hang.not_entered, rank 3: rank 3 never entered AllReduce #1201"));
  EXPECT_THAT(on_b.err, HasSubstr("verdict: hang.not_entered, rank 3: rank 3 never entered AllReduce #1201"));
  EXPECT_EQ(followed.exit_code, 3);
  std::istringstream lines(followed.out);
  std::vector<json> reports;
  for (std::string line; std::getline(lines, line);) reports.push_back(json::parse(line));
  ASSERT_GE(reports.size(), 2u) << followed.out;
  EXPECT_EQ(reports.front()["verdict"]["class"], "healthy");
  EXPECT_EQ(reports.back()["verdict"]["class"], "hang.not_entered");
  EXPECT_EQ(reports.back()["verdict"]["culprits"]["ranks"], json::array({3}));
  // Afterwards the whole records say the same.
  const Finished analysis = RunRankle({"analyze", "--format", "json", out_dir()});
  EXPECT_EQ(analysis.exit_code, 3);
  const json report = json::parse(analysis.out);
  EXPECT_EQ(report["verdict"]["culprits"]["ranks"], json::array({3}));
  EXPECT_EQ(report["job"]["ranks"], 4);
}

TEST_F(Live, ANodeThatFallsSilentIsReportedByTheOther) {
  RankleProcess a(Node("a", 0, {}, 100'000));
  RankleProcess b(Node("b", 2, {}, 100'000));
  // Long enough for the watchers to know the rhythm of the job.
  ASSERT_TRUE(WaitUntil([&] {
    return ReadWhole(out_dir() + "/node-a/job.log").find("step 500 ") != std::string::npos &&
           fs::exists(out_dir() + "/node-b/digest.json");
  }));
  // As a node without power: nothing of it moves, and nobody tells.
  std::vector<pid_t> node = ProcessesWith(std::string("--node\0b\0", 9));
  for (const pid_t pid : ProcessesWith(out_dir() + "/node-b")) node.push_back(pid);
  ASSERT_GE(node.size(), 5u);
  for (const pid_t pid : node) kill(pid, SIGSTOP);
  EXPECT_TRUE(WaitUntil([&] { return a.err().find("node b has been silent") != std::string::npos; }))
      << a.err();
  EXPECT_TRUE(WaitUntil([&] { return a.err().find("verdict: ") != std::string::npos; })) << a.err();
  EXPECT_THAT(a.err(), AllOf(HasSubstr("ranks 2 3"), HasSubstr("node b")));
  for (const pid_t pid : node) kill(pid, SIGKILL);
  b.Wait();
  a.Signal(SIGTERM);
  a.Wait();
}

TEST_F(Live, TwoNodesOfOneNameAreRefusedAndTwoNamesAreNot) {
  const auto run = [&](const std::string& node, const std::string& script) {
    return Arguments{"run", "-q", "--node", node, "-o", out_dir(), "--", "/bin/sh", "-c", script};
  };
  RankleProcess first(run("a", "touch $RANKLE_OUT/ready; until [ -e $RANKLE_OUT/go ]; do sleep 0.02; done"));
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(out_dir() + "/node-a/ready"); }));
  EXPECT_EQ(RunRankle(run("a", "exit 0")).exit_code, 2);
  EXPECT_EQ(RunRankle(run("b", "exit 0")).exit_code, 0);
  std::ofstream(out_dir() + "/node-a/go").close();
  EXPECT_EQ(first.Wait().exit_code, 0);
  for (const char* node : {"a", "b"}) {
    EXPECT_EQ(json::parse(ReadWhole(out_dir() + "/node-" + node + "/run.json"))["exit_code"], 0) << node;
  }
}

TEST_F(Live, FollowingAnEmptyDirectoryWaitsUntilItIsInterrupted) {
  fs::create_directories(out_dir());
  RankleProcess follow({"analyze", "--follow", out_dir()});
  ASSERT_TRUE(WaitUntil([&] { return follow.err().find("waiting for a job") != std::string::npos; }));
  follow.Signal(SIGINT);
  const Finished followed = follow.Wait();
  EXPECT_EQ(followed.exit_code, 2);
  EXPECT_THAT(followed.err, HasSubstr("no record of a job has come"));
}

TEST_F(Live, FollowingEndsWithTheJobAndItsLastVerdict) {
  fs::create_directories(out_dir());
  RankleProcess follow({"analyze", "--follow", out_dir()});
  EXPECT_EQ(RunRankle(Train({}, {"--steps", "100", "--step-time", "10ms"})).exit_code, 0);
  const Finished followed = follow.Wait();
  EXPECT_EQ(followed.exit_code, 0) << followed.out << followed.err;
  EXPECT_THAT(followed.out, HasSubstr("healthy"));
  EXPECT_EQ(Lines(followed.out), 1) << followed.out;
}

TEST_F(Live, FollowRefusesWhatItCannotDo) {
  EXPECT_EQ(RunRankle({"analyze", "--follow", "--format", "html", out_dir()}).exit_code, 2);
  EXPECT_EQ(RunRankle({"analyze", "--follow", out_dir(), out_dir()}).exit_code, 2);
  std::ofstream(scratch_.Path("file")) << "x";
  EXPECT_THAT(RunRankle({"analyze", "--follow", scratch_.Path("file")}).err, HasSubstr("not a directory"));
}

}  // namespace
}  // namespace rankle::testing
