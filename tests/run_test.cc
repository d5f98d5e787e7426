// `rankle run` from outside: transparency, local ranks, signals, hangs, clean-up, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Arguments = std::vector<std::string>;

// A run whose records go to a scratch directory; that path also marks its processes (RANKLE_OUT in their
// environment).
class Run : public ::testing::Test {
 protected:
  std::string out_dir() const { return scratch_.Path("out"); }
  Arguments Command(const Arguments& flags, const Arguments& command) const {
    Arguments all{"run", "-o", out_dir()};
    all.insert(all.end(), flags.begin(), flags.end());
    all.push_back("--");
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }
  Arguments Shell(const Arguments& flags, const std::string& script) const {
    return Command(flags, {"/bin/sh", "-c", script});
  }
  nlohmann::json RunJson() const { return nlohmann::json::parse(ReadWhole(out_dir() + "/run.json")); }
  bool AllGone() const {
    return WaitUntil([&] { return ProcessesWith(out_dir()).empty(); });
  }
  ScratchDirectory scratch_;
};

TEST_F(Run, StreamsPassThroughUntouched) {
  std::string input;
  for (int i = 0; i < 100'000; ++i) input.push_back(static_cast<char>(i * 7));
  const Finished run = RunRankle(Shell({"-q", "--no-trace"}, "cat; echo diagnostics >&2"), input);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, input);
  EXPECT_EQ(run.err, "diagnostics\n");
}

TEST_F(Run, TheExitCodeIsTheCommands) {
  const struct {
    const char* script;
    int exit_code;
  } cases[] = {
      {"exit 0", 0}, {"exit 7", 7}, {"exit 255", 255}, {"kill -KILL $$", 137}, {"kill -TERM $$", 143}};
  for (const auto& [script, exit_code] : cases) {
    EXPECT_EQ(RunRankle(Shell({"-q"}, script)).exit_code, exit_code) << script;
  }
}

TEST_F(Run, ArgumentsReachTheCommandAsTheyAre) {
  const Finished run =
      RunRankle(Command({"-q", "--no-trace"}, {"/usr/bin/printf", "<%s>", "--", "--help", "-n", "a b", ""}));
  EXPECT_EQ(run.out, "<--><--help><-n><a b><>");
}

TEST_F(Run, AScriptWithoutInterpreterLineRunsAsInAShell) {
  const std::string script = scratch_.Path("job");
  std::ofstream(script) << "echo \"hello $1\"\n";
  fs::permissions(script, fs::perms::owner_all);
  EXPECT_EQ(RunRankle(Command({"-q", "--no-trace"}, {script, "world"})).out, "hello world\n");
}

TEST_F(Run, LocalRanksAreToldTheirPlace) {
  const Finished run =
      RunRankle(Shell({"-q", "-n", "3"},
                      "echo $RANK $LOCAL_RANK of $WORLD_SIZE $LOCAL_WORLD_SIZE at $MASTER_ADDR > "
                      "$RANKLE_OUT/rank$RANK; echo $MASTER_PORT > $RANKLE_OUT/port$RANK"));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(ReadWhole(out_dir() + "/rank2"), "2 2 of 3 3 at 127.0.0.1\n");
  EXPECT_EQ(ReadWhole(out_dir() + "/port0"), ReadWhole(out_dir() + "/port2"));
  EXPECT_GT(atoi(ReadWhole(out_dir() + "/port0").c_str()), 1024);
}

TEST_F(Run, OnlyTheFirstRankReadsStandardInput) {
  const Finished run = RunRankle(Shell({"-q", "-n", "3"}, "cat > $RANKLE_OUT/in$RANK"), "hello");
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(ReadWhole(out_dir() + "/in0"), "hello");
  EXPECT_EQ(ReadWhole(out_dir() + "/in1"), "");
}

TEST_F(Run, TheLowestFailedRankGivesTheExitCodeWhoeverFailsFirst) {
  // Rank 2 fails first; rank 1 waits for that before it fails too.
  const Finished run = RunRankle(Shell({"-q", "-n", "3"},
                                       "case $RANK in 2) exit 5;; 1) until grep -q '\"exit_code\":5,' "
                                       "$RANKLE_OUT/run.json; do :; done; exit 6;; esac"));
  EXPECT_EQ(run.exit_code, 6);
}

TEST_F(Run, RunJsonTellsHowEachProcessEnded) {
  EXPECT_EQ(RunRankle(Shell({"-q", "-n", "2", "--seed", "9"}, "[ $RANK = 0 ] || kill -SEGV $$")).exit_code,
            139);
  const nlohmann::json run = RunJson();
  EXPECT_EQ(run["schema"], "rankle.run/1");
  EXPECT_EQ(run["n"], 2);
  EXPECT_EQ(run["seed"], 9);
  EXPECT_EQ(run["exit_code"], 139);
  ASSERT_EQ(run["processes"].size(), 2u);
  EXPECT_EQ(run["processes"][0]["exit_code"], 0);
  EXPECT_TRUE(run["processes"][0]["signal"].is_null());
  EXPECT_EQ(run["processes"][1]["signal"], 11);
  EXPECT_EQ(run["processes"][1]["ended_by"], "itself");
  EXPECT_GT(run["end_monotonic_ns"], run["start_monotonic_ns"]);
}

TEST_F(Run, SignalsReachTheJob) {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    fs::remove_all(out_dir());
    RankleProcess run(Shell(
        {"-q", "-n", "2"},
        "trap 'exit 42' TERM INT USR1 HUP; touch $RANKLE_OUT/ready$RANK; while :; do sleep 0.02; done"));
    ASSERT_TRUE(
        WaitUntil([&] { return fs::exists(out_dir() + "/ready0") && fs::exists(out_dir() + "/ready1"); }));
    run.Signal(signal);
    EXPECT_EQ(run.Wait().exit_code, 42) << signal;
  }
}

TEST_F(Run, AStoppedRankStillEndsOnTermination) {
  RankleProcess run(Shell({"-q"}, "touch $RANKLE_OUT/ready; kill -STOP $$"));
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(out_dir() + "/ready"); }));
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().exit_code, 143);
  EXPECT_EQ(RunJson()["processes"][0]["ended_by"], "rankle");
}

// Ranks, a background child and a daemon in a session of its own.
constexpr char kFamily[] =
    "sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000' & touch $RANKLE_OUT/ready$RANK; wait";

TEST_F(Run, NothingIsLeftWhenRankleIsKilled) {
  const auto shared_memory = [] {
    return std::distance(fs::directory_iterator("/dev/shm"), fs::directory_iterator());
  };
  const auto before = shared_memory();
  RankleProcess run(Shell({"-q", "-n", "2"}, kFamily));
  ASSERT_TRUE(
      WaitUntil([&] { return fs::exists(out_dir() + "/ready0") && fs::exists(out_dir() + "/ready1"); }));
  ASSERT_TRUE(WaitUntil([&] { return ProcessesWith(out_dir()).size() >= 10; }));
  run.Signal(SIGKILL);
  EXPECT_EQ(run.Wait().exit_code, 137);
  EXPECT_TRUE(AllGone());
  EXPECT_LE(shared_memory(), before);
}

TEST_F(Run, NothingIsLeftWhenTheSupervisorIsKilled) {
  RankleProcess run(Shell({"-q", "-n", "2"}, kFamily));
  ASSERT_TRUE(WaitUntil([&] { return ProcessesWith(out_dir()).size() >= 10; }));
  const std::string child =
      ReadWhole("/proc/" + std::to_string(run.pid()) + "/task/" + std::to_string(run.pid()) + "/children");
  ASSERT_GT(atoi(child.c_str()), 1);
  kill(atoi(child.c_str()), SIGKILL);
  const Finished finished = run.Wait();
  EXPECT_EQ(finished.exit_code, 137);
  EXPECT_THAT(finished.err, HasSubstr("supervisor"));
  EXPECT_TRUE(AllGone());
}

TEST_F(Run, ADaemonThatTheCommandLeftBehindEndsWithTheRun) {
  const Finished run = RunRankle(Shell({"-q"}, "setsid sleep 1000 >/dev/null 2>&1 & exit 3"));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(ProcessesWith(out_dir()), IsEmpty());
}

TEST_F(Run, PortsOfSimultaneousRunsDiffer) {
  ScratchDirectory other;
  const std::string script =
      "echo $MASTER_PORT; until [ -e " + scratch_.Path("go") + " ]; do sleep 0.02; done";
  RankleProcess first(Shell({"-q", "-n", "1"}, script));
  RankleProcess second({"run", "-q", "-n", "1", "-o", other.Path("out"), "--", "/bin/sh", "-c", script});
  ASSERT_TRUE(WaitUntil([&] { return Lines(first.out()) == 1 && Lines(second.out()) == 1; }));
  EXPECT_NE(first.out(), second.out());
  std::ofstream(scratch_.Path("go")).close();
  EXPECT_EQ(first.Wait().exit_code, 0);
  EXPECT_EQ(second.Wait().exit_code, 0);
}

TEST_F(Run, OnHangKillEndsRanksThatWaitForADeadOne) {
  const Finished run = RunRankle(Shell({"-q", "-n", "3", "--hang-after", "0.4", "--on-hang", "kill"},
                                       "[ $RANK = 1 ] && exit 3; exec sleep 1000"));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("no progress"));
  const nlohmann::json json = RunJson();
  EXPECT_EQ(json["processes"][1]["ended_by"], "itself");
  EXPECT_EQ(json["processes"][0]["ended_by"], "rankle");
  EXPECT_EQ(json["processes"][2]["ended_by"], "rankle");
  EXPECT_EQ(json["stalls_ns"].size(), 1u);
}

TEST_F(Run, OnHangRunsTheUsersCommandAndGoesOn) {
  const Finished run =
      RunRankle(Shell({"-q", "-n", "2", "--hang-after", "0.4", "--on-hang", "touch $RANKLE_OUT/called"},
                      "[ $RANK = 1 ] && exit 3; until [ -e $RANKLE_OUT/called ]; do sleep 0.02; done"));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_TRUE(fs::exists(out_dir() + "/called"));
}

TEST_F(Run, AHangCommandThatOutlivesTheJobIsEndedAndSaid) {
  const Finished run = RunRankle(Shell(
      {"-q", "-n", "2", "--hang-after", "0.2", "--on-hang", "touch $RANKLE_OUT/called; sleep 1000 & wait"},
      "[ $RANK = 1 ] && exit 3; until [ -e $RANKLE_OUT/called ]; do sleep 0.02; done"));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("the --on-hang command still runs"));
  EXPECT_TRUE(AllGone());
}

TEST_F(Run, AHangCommandThatOutlivesTheJobEndsWhenAsked) {
  const RankleProcess run(Shell(
      {"-q", "-n", "2", "--hang-after", "2", "--on-hang", "touch $RANKLE_OUT/called; sleep 1000 & wait"},
      "[ $RANK = 1 ] && exit 3; echo $$ > $RANKLE_OUT/pid; until [ -e $RANKLE_OUT/called ]; do sleep 0.02; "
      "done"));
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(out_dir() + "/called"); }));
  const std::string process = "/proc/" + std::to_string(std::stoi(ReadWhole(out_dir() + "/pid")));
  ASSERT_TRUE(WaitUntil([&] { return !fs::exists(process); }));
  run.Signal(SIGINT);  // the command would be waited for another 20 s
  EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(out_dir()).empty(); }, 5));
}

TEST_F(Run, AnOperationThatNeverEndsIsAHang) {
  const Finished run = RunRankle(
      Command({"-q", "-n", "2", "--hang-after", "0.4", "--on-hang", "kill"}, {RECORDED_RANK, "stuck"}));
  EXPECT_EQ(run.exit_code, 137);
  EXPECT_EQ(RunJson()["stalls_ns"].size(), 1u);
}

TEST_F(Run, SilenceIsAHangAfterTheTimeThatTheUserChose) {
  const Finished run = RunRankle(Command({"-q", "-n", "2", "--hang-after", "0.4", "--on-hang", "kill"},
                                         {RECORDED_RANK, "compute", "1000000"}));
  EXPECT_EQ(run.exit_code, 137);
  const nlohmann::json json = RunJson();
  EXPECT_EQ(json["stalls_ns"].size(), 1u);
  EXPECT_EQ(json["processes"][0]["ended_by"], "rankle");
}

TEST_F(Run, TheTimeInWhichTheUserPausedTheJobIsNoStall) {
  const auto monotonic_ns = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  RankleProcess run(
      Command({"-q", "--hang-after", "0.5", "--on-hang", "kill"}, {RECORDED_RANK, "compute", "1000000"}));
  const auto recorded = [&] {
    for (const auto& entry : fs::directory_iterator(out_dir())) {
      if (entry.path().extension() == ".rkl") return true;
    }
    return false;
  };
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(out_dir() + "/run.json") && recorded(); }));
  run.Signal(SIGTSTP);
  const std::string stat = "/proc/" + std::to_string(run.pid()) + "/stat";
  ASSERT_TRUE(WaitUntil([&] { return ReadWhole(stat).find(") T ") != std::string::npos; }));
  const auto paused_ns = monotonic_ns();
  ASSERT_TRUE(WaitUntil([&] { return monotonic_ns() > paused_ns + 1'000'000'000; }));
  const auto continued_ns = monotonic_ns();
  run.Signal(SIGCONT);
  EXPECT_EQ(run.Wait().exit_code, 137);
  EXPECT_GE(RunJson()["stalls_ns"][0], continued_ns + 500'000'000);
}

TEST_F(Run, AJobWithoutNcclOrCudaIsNeverCalledStalled) {
  const Finished run =
      RunRankle(Shell({"-q", "-n", "2", "--hang-after", "0.2", "--on-hang", "kill"}, "sleep 1.5"));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(RunJson()["stalls_ns"], IsEmpty());
}

TEST_F(Run, ASecondRunIntoTheSameDirectoryIsRefused) {
  RankleProcess first(
      Shell({"-q"}, "touch $RANKLE_OUT/ready; until [ -e $RANKLE_OUT/go ]; do sleep 0.02; done"));
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(out_dir() + "/ready"); }));
  const Finished second = RunRankle(Shell({"-q"}, "exit 0"));
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("another run writes there"));
  EXPECT_EQ(Lines(second.err), 1);
  std::ofstream(out_dir() + "/go").close();
  EXPECT_EQ(first.Wait().exit_code, 0);
  EXPECT_EQ(RunJson()["exit_code"], 0);
}

TEST_F(Run, AnInstallationUnderAPathWithABlankIsPreloadedThroughALink) {
  const fs::path built = fs::path(RANKLE_BINARY).parent_path().parent_path(),
                 installed = scratch_.Path("a b:c");
  if (!fs::exists(built / "lib/librankle.so")) GTEST_SKIP() << "built without the interposer";
  fs::create_directories(installed / "bin");
  fs::create_directories(installed / "lib");
  fs::copy_file(RANKLE_BINARY, installed / "bin/rankle");  // it finds its library from where it lies itself
  fs::create_symlink(built / "lib/librankle.so", installed / "lib/librankle.so");
  const std::string line = "'" + (installed / "bin/rankle").string() + "' run -q -o " + out_dir() +
                           " -- sh -c 'echo $LD_PRELOAD > $RANKLE_OUT/preload' 2> " + scratch_.Path("err");
  EXPECT_EQ(system(line.c_str()), 0);
  EXPECT_EQ(ReadWhole(out_dir() + "/preload"), out_dir() + "/librankle.so\n");
  EXPECT_EQ(ReadWhole(scratch_.Path("err")), "");  // where the loader says what it cannot load
}

TEST_F(Run, WithoutRecordsItSaysThatHangsAreNotNoticed) {
  const Finished run = RunRankle(Shell({"-q", "--no-trace", "--on-hang", "kill"}, "exit 0"));
  EXPECT_THAT(run.err, HasSubstr("hang detection is off"));
  EXPECT_EQ(Lines(run.err), 1);
}

TEST_F(Run, AFaultThatNeverFiredIsSaidEvenQuietly) {
  const Finished run = RunRankle(Shell({"-q", "--fault", "abort ncclSend name=late"}, "exit 0"));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("fault 'late' never fired"));
}

TEST_F(Run, TheClosingLineSaysWhereRecordsLie) {
  const Finished run = RunRankle(Shell({}, "exit 0"));
  EXPECT_THAT(run.err, HasSubstr("rankle analyze " + out_dir()));
  EXPECT_LE(Lines(run.err), 2);
}

struct Refusal {
  const char* name;
  Arguments arguments;
  int exit_code;
  const char* said;
};

class RefusedRun : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedRun, SaysWhyInOneLine) {
  const ScratchDirectory scratch;
  Arguments arguments = GetParam().arguments;
  for (std::string& argument : arguments) {
    if (argument == "OUT") argument = scratch.Path("out");
    if (argument == "FILE") argument = scratch.Path("file");
    if (argument == "FILE/out") argument = scratch.Path("file/out");
  }
  std::ofstream(scratch.Path("file")) << "text\n";
  const Finished run = RunRankle(arguments);
  EXPECT_EQ(run.exit_code, GetParam().exit_code);
  EXPECT_THAT(run.err, HasSubstr(GetParam().said));
  EXPECT_EQ(Lines(run.err), 1) << run.err;
  EXPECT_EQ(run.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedRun,
    ::testing::Values(
        Refusal{"UnknownCommand", {"run", "-o", "OUT", "--", "no-such-command"}, 127, "not found"},
        Refusal{"NotExecutable", {"run", "-o", "OUT", "--", "FILE"}, 126, "cannot be executed"},
        Refusal{"NoCommand", {"run", "-n", "2"}, 2, "--"},
        Refusal{"ForgottenSeparator", {"run", "-n", "2", "train"}, 2, "put -- before"},
        Refusal{"UnknownFlag", {"run", "--frobnicate", "--", "true"}, 2, "--frobnicate"},
        Refusal{"FlagWithoutValue", {"run", "-n", "--", "true"}, 2, "-n"},
        Refusal{"FlagWithBadValue", {"run", "-n", "many", "--", "true"}, 2, "many"},
        Refusal{"UnknownSubcommand", {"rum"}, 2, "run"}, Refusal{"NoSubcommand", {}, 2, "rankle --help"},
        Refusal{"HangAfterNan", {"run", "--hang-after", "nan", "--", "true"}, 2, "nan"},
        Refusal{"SeedNegative", {"run", "--seed", "-1", "--", "true"}, 2, "-1"},
        Refusal{"SeedBeyond64Bits", {"run", "--seed", "18446744073709551616", "--", "true"}, 2, "2^64"},
        Refusal{"EmptyOutput", {"run", "-o", "", "--", "true"}, 2, "is empty"},
        Refusal{"MissingPlan",
                {"run", "-o", "OUT", "--plan", "/no/such/plan.yaml", "--", "true"},
                2,
                "plan.yaml"},
        Refusal{
            "BadFault", {"run", "-o", "OUT", "--fault", "explode ncclAllReduce", "--", "true"}, 2, "explode"},
        Refusal{"OutputNotADirectory", {"run", "-o", "FILE/out", "--", "true"}, 2, "-o"},
        Refusal{"FullDisk",
                {"run", "-n", "60000", "--records", "16000000", "-o", "OUT", "--", "true"},
                2,
                "disk is full"},
        Refusal{"TooFewVirtualGpus",
                {"run", "-n", "4", "--virtual-gpus", "2", "-o", "OUT", "--", "true"},
                2,
                "not enough virtual GPUs"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Help, EverySubcommandHasExamples) {
  const Finished root = RunRankle({"--help"});
  EXPECT_EQ(root.exit_code, 0);
  for (const char* name : {"run", "version"}) {
    EXPECT_THAT(root.out, HasSubstr(name));
    const Finished help = RunRankle({name, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr(std::string("rankle ") + name));
  }
}

}  // namespace
}  // namespace rankle::testing
