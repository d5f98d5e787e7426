// Jobs on virtual GPUs seen through eBPF: the records are those of librankle.so, and lead to the same
// verdicts. Skips, and says why, where nothing can be attached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/ebpf_here.h"
#include "tests/support/rankle_process.h"
#include "tracer/record/reader.h"

namespace rankle::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;
using Arguments = std::vector<std::string>;

class EbpfJob : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!WhyNoEbpf().empty()) GTEST_SKIP() << "cannot attach here: " << WhyNoEbpf();
  }
  Finished Run(const std::string& out, const Arguments& options, const Arguments& command) const {
    Arguments run{"run", "-q", "-n", "4", "--virtual-gpus", "4", "-o", out};
    run.insert(run.end(), options.begin(), options.end());
    run.push_back("--");
    run.insert(run.end(), command.begin(), command.end());
    return RunRankle(run);
  }
  static nlohmann::json Report(const std::string& out) {
    return nlohmann::json::parse(RunRankle({"analyze", out, "--format", "json"}).out, nullptr, false);
  }
  ScratchDirectory scratch_;
};

std::string Class(const nlohmann::json& report) { return report["verdict"]["class"]; }
std::vector<int> Culprits(const nlohmann::json& report) { return report["verdict"]["culprits"]["ranks"]; }

// What was called, of each rank and communicator, in words.
std::multiset<std::string> OperationsOf(const std::string& directory) {
  std::multiset<std::string> operations;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".rkl") continue;
    const auto record = record::ReadFlightRecord(entry.path());
    EXPECT_TRUE(record.ok());
    std::map<int, std::string> names;
    for (const record::Communicator& c : record->communicators)
      names[c.index] = c.name + " " + std::to_string(c.rank) + "/" + std::to_string(c.nranks);
    for (const record::Event& e : record->events) {
      if (e.kind != record::Kind::kOperation) continue;
      operations.insert(names[e.comm] + " rank " + std::to_string(record->process.rank) + " api " +
                        std::to_string(e.api) + " #" + std::to_string(e.seq) + " x " +
                        std::to_string(e.count) + " type " + std::to_string(e.dtype) + " op " +
                        std::to_string(e.redop) + " peer " + std::to_string(e.peer) + " group " +
                        std::to_string(e.group) + " flags " + std::to_string(e.flags));
    }
  }
  return operations;
}

// Split communicators, point-to-point operations and groups.
TEST_F(EbpfJob, RecordsTheSameOperationsAsTheHooks) {
  for (const char* program : {HYBRID_TRAIN, MOE_TRAIN}) {
    const std::string inside = scratch_.Path("inside"), outside = scratch_.Path("outside");
    ASSERT_EQ(Run(inside, {}, {program, "--steps", "8"}).exit_code, 0);
    const Finished seen = Run(outside, {"--via", "ebpf"}, {program, "--steps", "8"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const auto expected = OperationsOf(inside), found = OperationsOf(outside);
    EXPECT_GT(expected.size(), 100u);
    EXPECT_TRUE(expected == found) << program << ": " << expected.size() << " and " << found.size()
                                   << " operations; " << seen.err;
    EXPECT_EQ(Class(Report(outside)), "healthy");
  }
}

TEST_F(EbpfJob, AJobThatHangsAfterItWasAttachedIsDiagnosed) {
  RankleProcess job({"run", "-q", "--no-trace", "-n", "4", "--virtual-gpus", "4", "-o", scratch_.Path("job"),
                     "--", DDP_TRAIN, "--steps", "1000000", "--step-time", "5ms"});
  // It runs: every rank has made its communicator and has trained.
  ASSERT_TRUE(WaitUntil([&] { return job.out().find("step 50") != std::string::npos; })) << job.err();
  const nlohmann::json run = nlohmann::json::parse(ReadWhole(scratch_.Path("job") + "/run.json"));
  Arguments arguments{"attach", "-o", scratch_.Path("out")};
  pid_t third = 0;
  for (const nlohmann::json& process : run["processes"]) {
    arguments.push_back(std::to_string(process["pid"].get<int>()));
    if (process["rank"] == 2) third = process["pid"];
  }
  RankleProcess attached(arguments);
  ASSERT_TRUE(WaitUntil([&] {
    const nlohmann::json report = Report(scratch_.Path("out"));
    return report.is_object() && report["job"]["collectives"] > 100;
  })) << attached.err();
  EXPECT_EQ(Class(Report(scratch_.Path("out"))), "healthy");
  ASSERT_EQ(kill(third, SIGSTOP), 0);
  nlohmann::json report;
  EXPECT_TRUE(WaitUntil([&] {
    report = Report(scratch_.Path("out"));
    return report.is_object() && Class(report) != "healthy";
  })) << attached.err();
  // In which call it was stopped is chance.
  EXPECT_THAT(Class(report), StartsWith("hang.")) << report["verdict"];
  EXPECT_THAT(Culprits(report), ElementsAre(2));
  attached.Signal(SIGINT);
  EXPECT_EQ(attached.Wait().exit_code, 0);
  kill(third, SIGCONT);
  job.Signal(SIGTERM);
  job.Wait();
}

// Its communicators were made before: sends and receives count from the place that all ranks agree on, and
// match.
TEST_F(EbpfJob, PointToPointOperationsOfAJobThatRunsAlreadyAreRecordedAndMatch) {
  RankleProcess job({"run", "-q", "--no-trace", "-n", "4", "--virtual-gpus", "4", "-o", scratch_.Path("job"),
                     "--", MOE_TRAIN, "--steps", "1000000", "--step-time", "5ms"});
  ASSERT_TRUE(WaitUntil([&] { return job.out().find("step 50") != std::string::npos; })) << job.err();
  const nlohmann::json run = nlohmann::json::parse(ReadWhole(scratch_.Path("job") + "/run.json"));
  Arguments arguments{"attach", "-o", scratch_.Path("out")};
  for (const nlohmann::json& process : run["processes"])
    arguments.push_back(std::to_string(process["pid"].get<int>()));
  RankleProcess attached(arguments);
  const auto p2p_of_each_rank = [&] {
    int64_t fewest = INT64_MAX;
    int records = 0;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.Path("out"))) {
      if (entry.path().extension() != ".rkl") continue;
      const auto record = record::ReadFlightRecord(entry.path());
      if (!record.ok()) return int64_t{0};
      int64_t operations = 0;
      for (const record::Communicator& c : record->communicators) operations += c.last_p2p_seq;
      fewest = std::min(fewest, operations), ++records;
    }
    return records == 4 ? fewest : int64_t{0};
  };
  EXPECT_TRUE(WaitUntil([&] {
    return std::filesystem::exists(scratch_.Path("out")) && p2p_of_each_rank() > 200;
  })) << attached.err();
  attached.Signal(SIGINT);
  attached.Wait();
  EXPECT_EQ(Class(Report(scratch_.Path("out"))), "healthy") << Report(scratch_.Path("out"))["verdict"];
  job.Signal(SIGTERM);
  job.Wait();
}

TEST_F(EbpfJob, AHangOfThePlanIsFoundAsTheHooksWouldHaveIt) {
  Run(scratch_.Path("out"),
      {"--via", "ebpf", "--fault", "hang ncclAllReduce rank=2 call=50", "--on-hang", "kill", "--hang-after",
       "3"},
      {DDP_TRAIN, "--steps", "200"});
  const nlohmann::json report = Report(scratch_.Path("out"));
  EXPECT_EQ(Class(report), "hang.not_entered") << report["verdict"];
  EXPECT_THAT(Culprits(report), ElementsAre(2));
}

TEST_F(EbpfJob, ADelayedRankIsSlow) {
  Run(scratch_.Path("out"), {"--via", "ebpf", "--fault", "delay ncclAllReduce rank=1 call=160.. time=10ms"},
      {DDP_TRAIN, "--steps", "100", "--step-time", "5ms"});
  const nlohmann::json report = Report(scratch_.Path("out"));
  EXPECT_EQ(Class(report), "slow.compute") << report["verdict"];
  EXPECT_THAT(Culprits(report), ElementsAre(1));
}

TEST_F(EbpfJob, AKilledRankHasCrashed) {
  Run(scratch_.Path("out"),
      {"--via", "ebpf", "--fault", "signal ncclAllReduce rank=3 call=40 signal=KILL", "--on-hang", "kill",
       "--hang-after", "3"},
      {DDP_TRAIN, "--steps", "100"});
  const nlohmann::json report = Report(scratch_.Path("out"));
  EXPECT_EQ(Class(report), "crash.process") << report["verdict"];
  EXPECT_THAT(Culprits(report), ElementsAre(3));
}

TEST_F(EbpfJob, AJobOfTheHooksIsNotAttachedToASecondTime) {
  RankleProcess job({"run", "-q", "-n", "1", "--virtual-gpus", "1", "-o", scratch_.Path("job"), "--",
                     DDP_TRAIN, "--steps", "1000000", "--step-time", "5ms"});
  ASSERT_TRUE(WaitUntil([&] { return job.out().find("step 1") != std::string::npos; })) << job.err();
  const nlohmann::json run = nlohmann::json::parse(ReadWhole(scratch_.Path("job") + "/run.json"));
  const Finished refused = RunRankle(
      {"attach", "-o", scratch_.Path("out"), std::to_string(run["processes"][0]["pid"].get<int>())});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, ::testing::HasSubstr("librankle.so records it already"));
  job.Signal(SIGTERM);
  job.Wait();
}

}  // namespace
}  // namespace rankle::testing
