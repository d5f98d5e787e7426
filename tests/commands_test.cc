// The other subcommands from outside: exit codes, one clear line on errors, output that other programs can
// read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

// A finished run of two ranks, with records: rank 1 never entered the all-reduce in which rank 0 waits.
class HungRun : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchDirectory;
    // Longer than what the analyzer calls a hang by itself.
    const Finished run =
        RunRankle({"run", "-q", "-n", "2", "--hang-after", "2.5", "--on-hang", "kill", "-o", out(), "--fault",
                   "hang ncclAllReduce name=never", "--", RECORDED_RANK, "stuck"});
    run_exit_ = run.exit_code;
  }
  static void TearDownTestSuite() { delete scratch_; }
  static std::string out() { return scratch_->Path("out"); }
  static ScratchDirectory* scratch_;
  static int run_exit_;
};
ScratchDirectory* HungRun::scratch_ = nullptr;
int HungRun::run_exit_ = 0;

TEST_F(HungRun, AnalyzeNamesAnAnomalyInEveryFormat) {
  ASSERT_EQ(run_exit_, 137);
  const struct {
    const char* format;
    const char* begins;
  } formats[] = {{"text", ""}, {"json", "{"}, {"html", "<!"}, {"junit", "<?xml"}};
  for (const auto& [format, begins] : formats) {
    const Finished analysis = RunRankle({"analyze", "--format", format, out()});
    EXPECT_EQ(analysis.exit_code, 3) << format << analysis.err;
    EXPECT_THAT(analysis.out, ::testing::StartsWith(begins));
  }
  const nlohmann::json report = nlohmann::json::parse(RunRankle({"analyze", "--format", "json", out()}).out);
  EXPECT_EQ(report["schema"], "rankle.report/1");
  EXPECT_EQ(report["verdict"]["class"], "hang.not_entered");
  EXPECT_EQ(report["verdict"]["culprits"]["ranks"], nlohmann::json({1}));
}

TEST_F(HungRun, ADirectoryGivenTwiceIsOneJob) {
  const auto report = [](const Arguments& paths) {
    Arguments arguments = {"analyze", "--format", "json"};
    arguments.insert(arguments.end(), paths.begin(), paths.end());
    return nlohmann::json::parse(RunRankle(arguments).out);
  };
  const nlohmann::json once = report({out()}), twice = report({out(), out() + "/../out"});
  EXPECT_EQ(once["verdict"], twice["verdict"]);
  EXPECT_EQ(once["job"], twice["job"]);
}

TEST_F(HungRun, AnalyzeWritesToAFile) {
  const std::string file = scratch_->Path("report.json");
  const Finished analysis = RunRankle({"analyze", "--format", "json", "-o", file, out()});
  EXPECT_EQ(analysis.out, "");
  EXPECT_EQ(nlohmann::json::parse(ReadWhole(file))["schema"], "rankle.report/1");
}

TEST_F(HungRun, TraceCatShowsTheOperationInFlight) {
  EXPECT_THAT(RunRankle({"trace", "cat", out()}).out, HasSubstr("entered"));
  const std::string json = RunRankle({"trace", "cat", "--format", "json", out()}).out;
  const nlohmann::json first = nlohmann::json::parse(json.substr(0, json.find('\n')));
  EXPECT_EQ(first["kind"], "operation");
  EXPECT_EQ(first["state"], "entered");
}

TEST_F(HungRun, TraceExportWritesCsvAndChromeEvents) {
  const std::string csv = RunRankle({"trace", "export", out(), "--format", "csv"}).out;
  EXPECT_THAT(csv, ::testing::StartsWith("rank,pid,host,kind,state"));
  EXPECT_EQ(Lines(csv), 2);  // the header and rank 0's operation
  const std::string file = scratch_->Path("trace.json");
  EXPECT_EQ(RunRankle({"trace", "export", out(), "--format", "perfetto", "-o", file}).exit_code, 0);
  EXPECT_NO_THROW(nlohmann::json::parse(ReadWhole(file)));
}

TEST_F(HungRun, ReleaseNamesTheFaultsThereAre) {
  const Finished released = RunRankle({"release", out(), "--fault", "never"});
  EXPECT_EQ(released.exit_code, 0) << released.err;
  EXPECT_THAT(released.out, HasSubstr("'never'"));
  const Finished unknown = RunRankle({"release", out(), "--fault", "other"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("never"));
}

// Two ranks as PyTorch's profiler shows them; rank 1 starts its all-reduce 250 us later.
TEST(TraceArrivals, NamesWhoCameLastOfAnyTraces) {
  const ScratchDirectory scratch;
  for (int rank : {0, 1}) {
    std::ofstream(scratch.Path("trace" + std::to_string(rank) + ".json"))
        << R"({"schemaVersion": 1, "distributedInfo": {"rank": )" << rank
        << R"(, "world_size": 2}, "traceEvents": [)"
        << R"({"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce_Sum_f32_RING_LL", "pid": 0, "tid": 7, "ts": )"
        << 1000 + 250 * rank << R"(, "dur": )" << 500 - 250 * rank << R"(, "args": {"stream": 7}}]})";
  }
  const Finished text = RunRankle({"trace", "arrivals", scratch.Path("")});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("last: rank 1"));
  const nlohmann::json json =
      nlohmann::json::parse(RunRankle({"trace", "arrivals", "--format", "json", scratch.Path("")}).out);
  EXPECT_EQ(json["op"], "AllReduce");
  EXPECT_EQ(json["last_rank"], 1);
  EXPECT_DOUBLE_EQ(json["skew_us"], 250);
}

// The two stages of analyzer/whatif/whatif_test.cc, where the figures are computed by hand.
TEST(WhatIf, PrintsTheSlowdownOfATimeline) {
  const ScratchDirectory scratch;
  nlohmann::json events = nlohmann::json::array();
  const auto name_lanes = [&](int stage) {
    for (int lane : {0, 1}) {
      events.push_back({{"ph", "M"},
                        {"name", "thread_name"},
                        {"pid", 0},
                        {"tid", stage * 5 + lane},
                        {"args", {{"name", "PP rank " + std::to_string(stage) + ", TP rank 0, lane"}}}});
    }
  };
  const auto add = [&](int stage, const char* kind, std::vector<std::pair<double, double>> times) {
    for (size_t i = 0; i < times.size(); ++i) {
      events.push_back({{"ph", "X"},
                        {"name", kind},
                        {"pid", 0},
                        {"tid", stage * 5 + (std::string(kind).find("compute") == std::string::npos)},
                        {"ts", 1e6 * times[i].first},
                        {"dur", 1e6 * (times[i].second - times[i].first)},
                        {"args", {{"step", 7}, {"seq_id", i}}}});
    }
  };
  name_lanes(0), name_lanes(1);
  add(0, "forward-compute", {{0, 1}, {1, 2}}), add(0, "forward-send", {{1, 1.1}, {3.1, 3.2}});
  add(1, "forward-recv", {{1, 1.1}, {3.1, 3.2}}), add(1, "forward-compute", {{1.1, 3.1}, {3.2, 5.2}});
  add(1, "backward-compute", {{5.2, 7.2}, {7.2, 9.2}}), add(1, "backward-send", {{7.2, 7.3}, {9.2, 9.3}});
  add(0, "backward-recv", {{7.2, 7.3}, {9.2, 9.3}}), add(0, "backward-compute", {{7.3, 8.3}, {9.3, 10.3}});
  std::ofstream(scratch.Path("timeline.json")) << events;

  const Finished text = RunRankle({"analyze", "--what-if", scratch.Path("")});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("slow-down S = 1.0957"));
  const nlohmann::json json = nlohmann::json::parse(
      RunRankle({"analyze", "--what-if", "--format", "json", scratch.Path("timeline.json")}).out);
  EXPECT_EQ(json["schema"], "rankle.whatif/1");
  EXPECT_NEAR(json["slowdown"], 10.3 / 9.4, 1e-6);
  EXPECT_NEAR(json["last_stage"]["recovered"], (10.3 - 8.3) / (10.3 - 9.4), 1e-6);

  std::ofstream(scratch.Path("none.json")) << "not a trace";
  const Finished none = RunRankle({"analyze", "--what-if", scratch.Path("none.json")});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("none.json"));
}

TEST(WhatIf, RefusesWhatCannotGoTogether) {
  const Finished follow = RunRankle({"analyze", "--what-if", "--follow", "."});
  EXPECT_EQ(follow.exit_code, 2);
  EXPECT_THAT(follow.err, HasSubstr("--what-if needs the whole record and --follow a job that runs"));
  const Finished alone = RunRankle({"analyze", "--steps", "1:2", "."});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_THAT(alone.err, HasSubstr("--steps belongs to --what-if"));
  for (const char* steps : {"7", "9:3", "a:b", "1:2:3"}) {
    const Finished range = RunRankle({"analyze", "--what-if", "--steps", steps, "."});
    EXPECT_EQ(range.exit_code, 2) << steps;
    EXPECT_THAT(range.err, HasSubstr("not a range of steps")) << steps;
  }
}

TEST(FailOnAnomaly, TurnsAHangIntoExitCode3) {
  const ScratchDirectory scratch;
  const Finished run =
      RunRankle({"run", "-q", "-n", "2", "--hang-after", "0.4", "--on-hang", "kill", "--fail-on-anomaly",
                 "-o", scratch.Path("out"), "--", RECORDED_RANK, "stuck"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("verdict: hang.not_entered, rank 1"));
}

TEST(Faults, CatalogueAndChecks) {
  EXPECT_THAT(RunRankle({"faults", "list"}).out, HasSubstr("slow-kernel"));
  EXPECT_THAT(RunRankle({"faults", "show", "hang"}).out, HasSubstr("hang"));
  EXPECT_EQ(RunRankle({"faults", "show", "explode"}).exit_code, 2);
  const ScratchDirectory scratch;
  std::ofstream(scratch.Path("plan.yaml"))
      << "version: 1\nfaults:\n- do: delay\n  on: ncclAllReduce\n  wth: {}\n";
  const Finished check = RunRankle({"faults", "check", scratch.Path("plan.yaml")});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_THAT(check.err, HasSubstr("plan.yaml:5"));
}

TEST(Doctor, ReportsEveryCheckAsJson) {
  const nlohmann::json report = nlohmann::json::parse(RunRankle({"doctor", "--format", "json"}).out);
  EXPECT_EQ(report["schema"], "rankle.doctor/1");
  EXPECT_GE(report["checks"].size(), 8u);
}

// A process with the environment of a run; this test is its parent.
pid_t ProcessOfRun(const std::string& out, const std::string& job_id) {
  const pid_t pid = fork();
  if (pid == 0) {
    setenv("RANKLE_OUT", out.c_str(), 1);
    setenv("RANKLE_JOB_ID", job_id.c_str(), 1);
    execlp("sleep", "sleep", "1000", nullptr);
    _exit(127);
  }
  WaitUntil([&] { return ReadWhole("/proc/" + std::to_string(pid) + "/comm") == "sleep\n"; });
  return pid;
}

TEST(Doctor, RepairEndsWhatADeadRunLeftAndNothingElse) {
  const ScratchDirectory scratch;
  const std::string over = scratch.Path("over"), running = scratch.Path("running");
  ASSERT_EQ(RunRankle({"run", "-q", "-o", over, "--", "true"}).exit_code, 0);
  const std::string job_id = nlohmann::json::parse(ReadWhole(over + "/run.json"))["job_id"];
  const pid_t left = ProcessOfRun(over, job_id), foreign = ProcessOfRun(scratch.Path("none"), job_id);
  RankleProcess run({"run", "-q", "-o", running, "--", "sh", "-c",
                     "touch $RANKLE_OUT/ready; until [ -e $RANKLE_OUT/go ]; do sleep 0.02; done"});
  ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(running + "/ready"); }));

  const std::string line = std::to_string(left) + " of " + over;
  EXPECT_THAT(RunRankle({"doctor"}).out, HasSubstr(line + "; --repair"));
  EXPECT_THAT(RunRankle({"doctor", "--repair"}).out, HasSubstr("ended: " + line + "\n"));
  int status = 0;
  EXPECT_EQ(waitpid(left, &status, 0), left);
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_EQ(waitpid(foreign, &status, WNOHANG), 0) << "no run is known there";
  std::ofstream(running + "/go").close();
  EXPECT_EQ(run.Wait().exit_code, 0);
  kill(foreign, SIGKILL);
  waitpid(foreign, &status, 0);
}

TEST(Doctor, SaysWhetherACommandCanBeTraced) {
  EXPECT_THAT(RunRankle({"doctor", "--", "/bin/sh"}).out, HasSubstr("traceable by preload"));
  EXPECT_EQ(RunRankle({"doctor", "--", "no-such-command"}).exit_code, 1);
}

TEST(Unusable, InputGetsOneLineAndExitCode2) {
  const ScratchDirectory scratch;
  std::ofstream(scratch.Path("foreign.rkl")) << "not a flight record";
  const Arguments commands[] = {{"analyze", "/no/such/dir"},
                                {"analyze", scratch.Path("foreign.rkl")},
                                {"analyze"},
                                {"analyze", "--follow", "--db", scratch.Path("db"), scratch.Path("")},
                                {"trace", "cat", "/no/such/dir"},
                                {"trace", "cat", scratch.Path("")},
                                {"trace", "export", scratch.Path(""), "--format", "xls"},
                                {"release", scratch.Path("")},
                                {"suite", "/no/such/suite.yaml"},
                                {"faults", "check", "/no/such/plan.yaml"},
                                {"faults"}};
  for (const Arguments& arguments : commands) {
    const Finished run = RunRankle(arguments);
    EXPECT_EQ(run.exit_code, 2) << arguments[0];
    EXPECT_EQ(Lines(run.err), 1) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

// A node of our own with the numbers of /dev/full.
TEST(FullDevice, IsAnErrorOfEveryCommandThatPrints) {
  const ScratchDirectory scratch;
  const std::string full = scratch.Path("full");
  if (mknod(full.c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0) GTEST_SKIP() << "only root makes devices";
  if (access(full.c_str(), W_OK) != 0 || !std::ofstream(full).is_open())
    GTEST_SKIP() << "no devices on this file system";
  for (const char* command : {"version", "--version", "--help", "run --help"}) {
    const std::string line = std::string(RANKLE_BINARY) + " " + command + " > " + full + " 2>/dev/null";
    EXPECT_EQ(WEXITSTATUS(system(line.c_str())), 2) << command;
  }
}

class Suite : public ::testing::Test {
 protected:
  Finished RunSuite(const std::string& cases, Arguments flags = {}) {
    std::ofstream(scratch_.Path("suite.yaml"))
        << "version: 1\ndefaults: { ranks: 2, timeout: 20s, hang_after: 400ms }\ncases:\n" + cases;
    Arguments arguments{"suite", scratch_.Path("suite.yaml"), "-o", scratch_.Path("out")};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return RunRankle(arguments);
  }
  ScratchDirectory scratch_;
};

constexpr char kGood[] =
    "- { name: good, command: [sh, -c, 'echo fine'], expect: { exit: 0, log: fine, not_log: bad } }\n";
constexpr char kBad[] = "- { name: bad, command: [sh, -c, 'exit 3'], expect: { exit: 0 } }\n";

TEST_F(Suite, PassesWhenEveryCaseIsAsExpected) {
  const Finished suite = RunSuite(kGood);
  EXPECT_EQ(suite.exit_code, 0) << suite.out << suite.err;
  EXPECT_THAT(suite.out, HasSubstr("1 of 1 cases pass"));
}

TEST_F(Suite, FailsWithTheReasonWhenACaseIsNot) {
  const Finished suite =
      RunSuite(std::string(kGood) + kBad, {"--jobs", "2", "--junit", scratch_.Path("junit.xml")});
  EXPECT_EQ(suite.exit_code, 1);
  EXPECT_THAT(suite.out, HasSubstr("exit code 3 where 0 was expected"));
  EXPECT_THAT(ReadWhole(scratch_.Path("junit.xml")), HasSubstr("tests=\"2\" failures=\"1\""));
}

TEST_F(Suite, OnlyRecordsOfFailedCasesAreKeptUnlessAllAreWanted) {
  RunSuite(std::string(kGood) + kBad);
  EXPECT_FALSE(std::filesystem::exists(scratch_.Path("out/001-good")));
  EXPECT_TRUE(std::filesystem::exists(scratch_.Path("out/002-bad/log.txt")));
  RunSuite(kGood, {"--keep"});
  EXPECT_TRUE(std::filesystem::exists(scratch_.Path("out/001-good/log.txt")));
}

TEST_F(Suite, FilterSelectsCases) {
  EXPECT_EQ(RunSuite(std::string(kGood) + kBad, {"--filter", "go*"}).exit_code, 0);
  EXPECT_EQ(RunSuite(kGood, {"--filter", "none*"}).exit_code, 2);
}

TEST_F(Suite, AHangingCaseEndsAndIsScored) {
  const std::string hang =
      std::string("- { name: hang, command: [") + RECORDED_RANK +
      ", stuck], expect: { exit: nonzero, verdict: { class: hang.not_entered, ranks: [1] } } }\n";
  const Finished suite = RunSuite(hang, {"--score", scratch_.Path("score.json")});
  EXPECT_EQ(suite.exit_code, 0) << suite.out;
  const nlohmann::json score = nlohmann::json::parse(ReadWhole(scratch_.Path("score.json")));
  EXPECT_EQ(score["cases"], 1);
  EXPECT_EQ(score["confusion"]["hang.not_entered"]["hang.not_entered"], 1);
  EXPECT_EQ(score["culprits"]["exact"], 1);
  EXPECT_EQ(score["results"][0]["exit_code"], 137);
}

TEST_F(Suite, ACaseThatOutlivesItsTimeoutFailsAndLeavesNothing) {
  const Finished suite =
      RunSuite("- { name: slow, timeout: 500ms, command: [sh, -c, 'sleep 1000'], expect: { exit: any } }\n");
  EXPECT_EQ(suite.exit_code, 1);
  EXPECT_THAT(suite.out, HasSubstr("did not end within its timeout"));
  EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(scratch_.Path("out")).empty(); }));
}

TEST_F(Suite, KillingTheSuiteLeavesNothing) {
  std::ofstream(scratch_.Path("suite.yaml")) << "version: 1\ncases:\n- { name: slow, ranks: 2, command: [sh, "
                                                "-c, 'touch $RANKLE_OUT/ready$RANK; sleep 1000'] }\n";
  RankleProcess suite({"suite", scratch_.Path("suite.yaml"), "-o", scratch_.Path("out")});
  ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(scratch_.Path("out/001-slow/ready1")); }));
  suite.Signal(SIGKILL);
  suite.Wait();
  EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(scratch_.Path("out")).empty(); }));
}

TEST_F(Suite, AFaultThatNeverFiredFailsTheCaseUnlessThatIsExpected) {
  const std::string one =
      "- { name: one, command: [sh, -c, 'exit 0'], faults: [abort ncclSend], expect: { exit: 0";
  const Finished suite = RunSuite(one + " } }\n");
  EXPECT_EQ(suite.exit_code, 1);
  EXPECT_THAT(suite.out, HasSubstr("never fired"));
  EXPECT_EQ(RunSuite(one + ", fired: none } }\n").exit_code, 0);
}

TEST_F(Suite, AResultFileThatCannotBeWrittenIsRefusedBeforeAnythingRuns) {
  for (const char* flag : {"--junit", "--score"}) {
    const Finished suite = RunSuite(kGood, {flag, "/no/such/directory/file"});
    EXPECT_EQ(suite.exit_code, 2);
    EXPECT_EQ(suite.out, "");
    EXPECT_THAT(suite.err, HasSubstr("/no/such/directory/file"));
  }
}

TEST_F(Suite, AnUnsoundSuiteIsRefusedWithItsLine) {
  const Finished suite = RunSuite("- { name: a, comand: [x] }\n");
  EXPECT_EQ(suite.exit_code, 2);
  EXPECT_THAT(suite.err, HasSubstr("suite.yaml:4: unknown key 'comand'"));
  EXPECT_EQ(RunSuite("- { name: a, command: [no-such-program] }\n").exit_code, 2);
  EXPECT_EQ(RunSuite("- { name: a, command: [sh], faults: [ { do: explode } ] }\n").exit_code, 2);
}

}  // namespace
}  // namespace rankle::testing
