// What a job prints: passed on as it is, and kept in logs beside the records.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

class CaptureRun : public ::testing::Test {
 protected:
  std::string out_dir() const { return scratch_.Path("out"); }
  Arguments Shell(const Arguments& flags, const std::string& script) const {
    Arguments all{"run", "-q", "-o", out_dir()};
    all.insert(all.end(), flags.begin(), flags.end());
    all.insert(all.end(), {"--", "/bin/sh", "-c", script});
    return all;
  }
  std::string Log(const std::string& name) const { return ReadWhole(out_dir() + "/" + name); }
  ScratchDirectory scratch_;
};

TEST_F(CaptureRun, EachRankHasALogOfBothStreams) {
  const Finished run = RunRankle(Shell({"-n", "3"}, "echo out of $RANK; echo err of $RANK >&2"));
  EXPECT_EQ(run.exit_code, 0);
  for (const char* rank : {"0", "1", "2"}) {
    EXPECT_THAT(run.out, HasSubstr(std::string("out of ") + rank + "\n"));
    EXPECT_THAT(run.err, HasSubstr(std::string("err of ") + rank + "\n"));
    const std::string log = Log(std::string("rank") + rank + ".log");
    EXPECT_THAT(log, HasSubstr(std::string("out of ") + rank + "\n"));
    EXPECT_THAT(log, HasSubstr(std::string("err of ") + rank + "\n"));
  }
  EXPECT_EQ(Lines(run.out), 3);
}

TEST_F(CaptureRun, ACommandWithoutRanksHasOneLog) {
  const std::string out = RunRankle(Shell({}, "seq 100000")).out;
  EXPECT_EQ(Lines(out), 100'000);
  EXPECT_TRUE(out == Log("job.log"));
}

TEST_F(CaptureRun, NothingIsKeptWhereItIsNotWanted) {
  EXPECT_EQ(RunRankle(Shell({"--no-capture"}, "echo hello")).out, "hello\n");
  EXPECT_FALSE(fs::exists(out_dir() + "/job.log"));
}

TEST_F(CaptureRun, LogsOfAnEarlierRunAreRemoved) {
  RunRankle(Shell({"-n", "2"}, "echo first"));
  RunRankle(Shell({}, "echo second"));
  EXPECT_FALSE(fs::exists(out_dir() + "/rank1.log"));
  EXPECT_EQ(Log("job.log"), "second\n");
}

// The process that passes output on, a child of the supervisor: it is not the command.
pid_t HelperOf(pid_t rankle) {
  const auto children = [](pid_t pid) {
    std::istringstream list(
        ReadWhole("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"));
    return std::vector<pid_t>(std::istream_iterator<pid_t>(list), {});
  };
  for (const pid_t supervisor : children(rankle)) {
    for (const pid_t pid : children(supervisor)) {
      if (ReadWhole("/proc/" + std::to_string(pid) + "/cmdline").starts_with(RANKLE_BINARY)) return pid;
    }
  }
  return 0;
}

TEST_F(CaptureRun, AHelperThatIsKilledIsReplacedAndTheJobDoesNotNotice) {
  RankleProcess run(Shell({"--no-trace"}, "echo before; until [ -e " + scratch_.Path("go") +
                                              " ]; do sleep 0.02; done; seq 50000; echo after"));
  ASSERT_TRUE(WaitUntil([&] { return run.out() == "before\n"; }));
  const pid_t helper = HelperOf(run.pid());
  ASSERT_GT(helper, 0);
  kill(helper, SIGKILL);
  ASSERT_TRUE(WaitUntil([&] { return HelperOf(run.pid()) > 0 && HelperOf(run.pid()) != helper; }));
  std::ofstream(scratch_.Path("go")).close();
  const Finished finished = run.Wait();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(Lines(finished.out), 50'002);
  EXPECT_TRUE(finished.out == Log("job.log"));
}

TEST_F(CaptureRun, AReaderThatGoesAwayEndsTheWriterAsWithoutRankle) {
  for (const char* flags : {"", "--watch "}) {
    const std::string line = std::string("timeout 20 ") + RANKLE_BINARY + " run -q " + flags + "-o " +
                             out_dir() + " -- yes 2>/dev/null | head -n 1 > " + scratch_.Path("first");
    EXPECT_EQ(system(("bash -o pipefail -c '" + line + "'").c_str()) >> 8, 128 + SIGPIPE) << flags;
    EXPECT_EQ(ReadWhole(scratch_.Path("first")), "y\n");
  }
}

TEST_F(CaptureRun, OutputThatCannotBeWrittenEndsNoJob) {
  const std::string job = " -- sh -c 'i=0; while [ $i -lt 2000 ]; do echo text; i=$((i+1)); done; exit 7'";
  for (const char* output : {" > /dev/full", " >&- 2>&-"}) {
    const std::string line =
        std::string("timeout 20 ") + RANKLE_BINARY + " run -q -o " + out_dir() + job + output;
    EXPECT_EQ(system(line.c_str()) >> 8, 7) << output;
  }
}

TEST_F(CaptureRun, TheJobIsNotHeldUpWhenAllOfRankleIsKilled) {
  RankleProcess run(Shell({"-n", "2"}, "touch $RANKLE_OUT/ready$RANK; while :; do echo x; done"));
  ASSERT_TRUE(
      WaitUntil([&] { return fs::exists(out_dir() + "/ready0") && fs::exists(out_dir() + "/ready1"); }));
  run.Signal(SIGKILL);
  run.Wait();
  EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(out_dir()).empty(); }));
}

// Runs rankle in a terminal of 77 columns; what the terminal shows.
std::string InATerminal(const Arguments& arguments, const std::string& typed) {
  winsize size{.ws_row = 24, .ws_col = 77, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  const pid_t pid = forkpty(&master, nullptr, nullptr, &size);
  if (pid == 0) {
    std::vector<char*> pointers{const_cast<char*>(RANKLE_BINARY)};
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    execv(RANKLE_BINARY, pointers.data());
    _exit(127);
  }
  std::string shown;
  bool has_typed = false;
  char buffer[4096];
  for (ssize_t count; (count = read(master, buffer, sizeof(buffer))) > 0;) {
    shown.append(buffer, static_cast<size_t>(count));
    if (!has_typed && shown.find("name?") != std::string::npos) {
      has_typed = write(master, typed.data(), typed.size()) == static_cast<ssize_t>(typed.size());
    }
  }
  close(master);
  waitpid(pid, nullptr, 0);
  return shown;
}

TEST_F(CaptureRun, InATerminalTheJobStillHasOneAndMayReadIt) {
  const std::string shown =
      InATerminal(Shell({},
                        "test -t 0 && test -t 1 && test -t 2 && echo terminal; stty size <&1; "
                        "printf 'name?'; read name; echo hello $name"),
                  "world\n");
  EXPECT_THAT(shown, HasSubstr("terminal\r\n"));
  EXPECT_THAT(shown, HasSubstr("24 77\r\n"));
  EXPECT_THAT(shown, HasSubstr("hello world\r\n"));
  EXPECT_THAT(Log("job.log"), HasSubstr("hello world\n"));  // without the terminal's \r
}

TEST_F(CaptureRun, WhatTheJobPrintedIsComparedWithKnownBugs) {
  RunRankle(Shell({"-n", "2"}, "echo \"[Rank $RANK] quorum lost in zone 3\"; exit $RANK"));
  const std::string own = scratch_.Path("own.jsonl"), db = scratch_.Path("bugs.sqlite");
  std::ofstream(own) << R"({"id": "ours#2", "title": "Zone switch", "symptom": "crash", )"
                     << R"("root_cause": "api_misuse", "signature": "quorum lost in zone"})"
                     << "\n";
  ASSERT_EQ(RunRankle({"bugs", "import", own, "--db", db}).exit_code, 0);
  const Finished analysis = RunRankle({"analyze", "--format", "json", "--bugs", db, out_dir()});
  ASSERT_EQ(analysis.exit_code, 3) << analysis.err;
  EXPECT_THAT(analysis.out, HasSubstr("stands in rank"));
  EXPECT_THAT(analysis.out, HasSubstr("ours#2"));
}

}  // namespace
}  // namespace rankle::testing
