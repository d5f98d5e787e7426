// `rankle run --sites` and faults aimed at the C library, from outside: what a program sees, what is recorded
// of it, and who is left alone. Real processes, real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/rankle_process.h"
#include "tracer/sites/reader.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Arguments = std::vector<std::string>;
using Json = nlohmann::json;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<Json> JsonLines(const std::string& text) {
  std::vector<Json> objects;
  for (const std::string& line : LinesOf(text)) objects.push_back(Json::parse(line));
  return objects;
}

class SitesRun : public ::testing::Test {
 protected:
  std::string out_dir() const { return scratch_.Path("out"); }

  Finished Run(const Arguments& flags, const Arguments& program) const {
    Arguments run{"run", "-q", "--no-capture", "-o", out_dir()};
    run.insert(run.end(), flags.begin(), flags.end());
    run.push_back("--");
    run.insert(run.end(), program.begin(), program.end());
    return RunRankle(run);
  }
  Finished RunMode(const Arguments& flags, const std::string& mode) const {
    return Run(flags, {CALLS_A_LOT, mode, scratch_.Path("")});
  }
  std::vector<std::string> LinesWith(const std::string& fault, const std::string& mode) const {
    const Finished job = RunMode({"--fault", fault}, mode);
    EXPECT_EQ(job.exit_code, 7) << job.err;
    return LinesOf(job.out);
  }
  std::vector<Json> Points() const {
    const Finished printed = RunRankle({"trace", "sites", out_dir(), "--format", "json"});
    EXPECT_EQ(printed.exit_code, 0) << printed.err;
    return JsonLines(printed.out);
  }
  std::vector<Json> Injections() const {
    return JsonLines(RunRankle({"trace", "sites", out_dir(), "--injections"}).out);
  }
  // The points of a function whose call, or the frame above it, lies in a function so named.
  std::vector<Json> PointsOf(const std::string& function, const std::string& in = "") const {
    std::vector<Json> found;
    for (const Json& point : Points()) {
      const auto names = [&](const Json& place) {
        return place.is_object() && place["function"].is_string() &&
               place["function"].get<std::string>().find(in) != std::string::npos;
      };
      if (point["function"] == function && (in.empty() || names(point["place"]) || names(point["caller"])))
        found.push_back(point);
    }
    return found;
  }
  std::vector<std::string> Records() const {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(out_dir(), error)) {
      if (entry.path().extension() == ".rks") found.push_back(entry.path());
    }
    return found;
  }
  static uint64_t Sum(const std::vector<Json>& points, const char* field) {
    uint64_t sum = 0;
    for (const Json& point : points) sum += point[field].get<uint64_t>();
    return sum;
  }

  ScratchDirectory scratch_;
};

// ---- nothing changes for the program

class EveryMode : public SitesRun, public ::testing::WithParamInterface<const char*> {};

TEST_P(EveryMode, RunsAsIfNothingWatchedIt) {
  const Finished plain = RunMode({"--no-trace"}, GetParam());
  EXPECT_THAT(Records(), IsEmpty());
  const Finished watched = RunMode({"--sites"}, GetParam());
  EXPECT_EQ(plain.exit_code, 7);
  EXPECT_EQ(watched.exit_code, 7);
  EXPECT_EQ(watched.out, plain.out);
  EXPECT_EQ(watched.err, plain.err);
  EXPECT_THAT(Records(), Not(IsEmpty()));
}
INSTANTIATE_TEST_SUITE_P(Modes, EveryMode,
                         ::testing::Values("network", "files", "transfers", "throws", "times", "spawns",
                                           "storm", "leaves", "jumps", "plugins", "waits"));

TEST_F(SitesRun, PythonRunsUnharmed) {
  const std::string script =
      "import socket, subprocess, threading, time, tempfile, os\n"
      "a, b = socket.socketpair()\n"
      "t = threading.Thread(target=lambda: [b.sendall(b.recv(9)) for _ in range(50)])\n"
      "t.start()\n"
      "for i in range(50):\n"
      "  a.sendall(b'123456789'); assert a.recv(9) == b'123456789'\n"
      "t.join()\n"
      "print(subprocess.run(['cat'], input=b'through a child', capture_output=True).stdout)\n"
      "f = tempfile.NamedTemporaryFile(); f.write(b'x' * 100000); f.flush(); os.fsync(f.fileno())\n"
      "print(os.path.getsize(f.name)); time.sleep(0.001)\n"
      "try: open('/no/such/file')\n"
      "except OSError as e: print(e)\n"
      "raise SystemExit(9)\n";
  const Finished plain = Run({"--no-trace"}, {"python3", "-c", script});
  const Finished watched = Run({"--sites"}, {"python3", "-c", script});
  EXPECT_EQ(plain.exit_code, 9) << plain.err;
  EXPECT_EQ(watched.exit_code, 9) << watched.err;
  EXPECT_EQ(watched.out, plain.out);
  EXPECT_EQ(watched.err, plain.err);
  EXPECT_GE(Sum(PointsOf("fsync"), "hits"), 1u);
}

TEST_F(SitesRun, OrdinaryRunsPayNothing) {
  const Finished job = Run({}, {"sh", "-c", "echo $LD_PRELOAD"});
  EXPECT_THAT(job.out, Not(HasSubstr("librankle-libc.so")));
  EXPECT_THAT(Records(), IsEmpty());
}

// ---- what is recorded

TEST_F(SitesRun, FaultPointsHaveCountsOutcomesAndPlaces) {
  ASSERT_EQ(RunMode({"--sites"}, "network").exit_code, 7);
  const auto connects = PointsOf("connect");
  ASSERT_EQ(connects.size(), 1u);
  EXPECT_EQ(connects[0]["hits"], 5);
  EXPECT_EQ(connects[0]["outcomes"], Json({{"ok", 5}}));
  EXPECT_EQ(connects[0]["unreturned"], 0);
  EXPECT_THAT(connects[0]["place"]["function"].get<std::string>(), HasSubstr("Dial"));
  EXPECT_THAT(connects[0]["place"]["file"].get<std::string>(), HasSubstr("calls_a_lot.cc"));
  EXPECT_THAT(connects[0]["caller"]["function"].get<std::string>(), HasSubstr("Network"));
  EXPECT_THAT(connects[0]["errors"], Contains("ECONNREFUSED"));
  EXPECT_EQ(PointsOf("send").size(), 2u);  // of the client and of the server
  EXPECT_EQ(Sum(PointsOf("recv"), "hits"), 15u);
}

TEST_F(SitesRun, ExceptionsAreKnownByTypeAndTheFrameAbove) {
  ASSERT_EQ(RunMode({"--sites"}, "throws").exit_code, 7);
  const auto from_here = PointsOf("__cxa_throw", "FromHere"),
             from_there = PointsOf("__cxa_throw", "FromThere");
  EXPECT_EQ(Sum(from_here, "hits"), 3u);
  EXPECT_EQ(Sum(from_there, "hits"), 1u);
  EXPECT_EQ(from_there.at(0)["outcomes"], Json({{"std::runtime_error", 1}}));
  const auto overflow = PointsOf("__cxa_throw", "Overflow");
  EXPECT_EQ(overflow.at(0)["outcomes"], Json({{"std::length_error", 2}}));
  EXPECT_EQ(Sum(PointsOf("__cxa_begin_catch"), "hits"), 6u);
}

TEST_F(SitesRun, AStormOfForksAndThreadsIsCountedToTheLast) {
  const Finished job = RunMode({"--sites"}, "storm");
  EXPECT_THAT(job.out, HasSubstr("storm 90 of 90"));
  EXPECT_EQ(Sum(PointsOf("fork"), "hits"), 90u);
  EXPECT_EQ(Sum(PointsOf("__cxa_throw"), "hits"), 90u);
  EXPECT_EQ(Sum(PointsOf("write"), "hits"), 90u);  // of the children, each in a record of its own
  for (const std::string& path : Records()) {
    const auto record = sites::ReadSiteRecord(path);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->malformed, 0u);
    EXPECT_EQ(record->lost, 0u);
  }
}

TEST_F(SitesRun, AHandlerThatJumpsOutOfACallLeavesItsHook) {
  ASSERT_EQ(RunMode({"--sites"}, "jumps").exit_code, 7);
  EXPECT_EQ(Sum(PointsOf("write", "WriteFarBelow"), "hits"), 42u);  // 4 jumps by 10, a thread's end, the exit
  ASSERT_EQ(RunMode({"--fault", "delay write time=1us"}, "jumps").exit_code, 7);
  EXPECT_EQ(Sum(PointsOf("write", "WriteFarBelow"), "injected"), 42u);
}

TEST_F(SitesRun, AModuleLoadedInPlaceOfAnotherHasSitesOfItsOwn) {
  const Finished job = RunMode({"--sites"}, "plugins");
  ASSERT_EQ(job.exit_code, 7) << job.err;
  if (job.out != "same address 1\nsame address 1\nsame address 1\n")
    GTEST_SKIP() << "this machine loads the second library elsewhere";
  std::map<std::string, uint64_t> hits;
  for (const Json& point : PointsOf("write")) {
    const fs::path module = point["place"]["module"].get<std::string>();
    EXPECT_TRUE(hits.emplace(module.filename(), point["hits"]).second) << module;
  }
  EXPECT_EQ(hits,
            (std::map<std::string, uint64_t>{{"libcalls_plugin_A.so", 6}, {"libcalls_plugin_B.so", 3}}));
}

TEST_F(SitesRun, SitesAreTheSameInEveryRunWhereverTheProgramIsLoaded) {
  std::set<std::string> ids[2];
  uint64_t bases[2] = {};
  for (int run = 0; run < 2; ++run) {
    ASSERT_EQ(RunMode({"--sites"}, "network").exit_code, 7);
    for (const Json& point : Points()) ids[run].insert(point["site"]);
    const auto record = sites::ReadSiteRecord(Records().at(0));
    ASSERT_TRUE(record.ok()) << record.status();
    for (const auto& [slot, module] : record->modules) {
      if (module.path == CALLS_A_LOT) bases[run] = module.base;
    }
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_GE(ids[0].size(), 8u);
  if (bases[0] == bases[1]) GTEST_SKIP() << "this machine loads programs to the same address every time";
}

TEST_F(SitesRun, AKilledProcessLeavesWhatItWasWaitingIn) {
  const RankleProcess job(
      {"run", "-q", "--sites", "--no-capture", "-o", out_dir(), "--", CALLS_A_LOT, "wait"});
  ASSERT_TRUE(WaitUntil([&] { return job.out().find("ready") != std::string::npos && !Records().empty(); }));
  const auto waits = [&] {
    const auto record = sites::ReadSiteRecord(Records()[0]);
    return record.ok() && record->sites.size() == 1 && record->sites[0].Unreturned() == 1;
  };
  EXPECT_TRUE(WaitUntil(waits));
  const auto record = sites::ReadSiteRecord(Records()[0]);
  ASSERT_TRUE(record.ok());
  kill(record->pid, SIGKILL);
  EXPECT_TRUE(WaitUntil([&] { return kill(record->pid, 0) != 0; }));
  EXPECT_EQ(PointsOf("poll").at(0)["unreturned"], 1);
}

TEST_F(SitesRun, WhatCannotBeReadIsSaid) {
  EXPECT_EQ(RunMode({"--sites", "--no-trace"}, "files").exit_code, 2);
  ASSERT_EQ(RunMode({}, "files").exit_code, 7);
  const Finished none = RunRankle({"trace", "sites", out_dir()});
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.err, HasSubstr("no site records"));
  for (const char* name : {"/sites-1-1.rks", "/sites-2-1.rks"}) std::ofstream(out_dir() + name) << "damaged";
  const Finished damaged = RunRankle({"trace", "sites", out_dir()});
  EXPECT_NE(damaged.exit_code, 0);
  EXPECT_THAT(damaged.err, AllOf(HasSubstr("sites-1-1.rks"), HasSubstr("sites-2-1.rks")));
}

// ---- faults

struct ErrorCase {
  const char *function, *mode;
  const char* error;
};
class EveryError : public SitesRun, public ::testing::WithParamInterface<ErrorCase> {};

// The third call fails, and no other one.
TEST_P(EveryError, IsWhatTheProgramSeesAtExactlyThatCall) {
  const auto [function, mode, error] = GetParam();
  const std::string name = function;
  const auto lines = LinesWith("fail " + name + " errno=" + error + " nth=3", mode);
  std::vector<std::string> answers;
  for (const std::string& line : lines) {
    if (line.rfind(name + " ", 0) == 0) answers.push_back(line.substr(name.size() + 3));
  }
  ASSERT_GE(answers.size(), 5u);
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], i == 2 ? error : "ok") << i;
  const auto injections = Injections();
  ASSERT_EQ(injections.size(), 1u);
  EXPECT_EQ(injections[0]["function"], name);
  EXPECT_EQ(injections[0]["call"], 3);
}
INSTANTIATE_TEST_SUITE_P(
    Errors, EveryError,
    ::testing::Values(ErrorCase{"connect", "network", "ECONNREFUSED"},
                      ErrorCase{"connect", "network", "ETIMEDOUT"},
                      ErrorCase{"connect", "network", "ENETUNREACH"}, ErrorCase{"open", "files", "EMFILE"},
                      ErrorCase{"open", "files", "ENOENT"}, ErrorCase{"write", "files", "ENOSPC"},
                      ErrorCase{"fsync", "files", "EIO"}, ErrorCase{"pread", "files", "ESTALE"},
                      ErrorCase{"close", "files", "EDQUOT"}, ErrorCase{"rename", "files", "EROFS"}));

TEST_F(SitesRun, FunctionsThatReturnTheirErrorDoSo) {
  EXPECT_THAT(LinesWith("fail nanosleep errno=EINTR", "times"), Contains("nanosleep EINTR rest 1000000"));
  EXPECT_THAT(LinesWith("fail clock_nanosleep errno=EINTR", "times"), Contains("clock_nanosleep EINTR"));
  EXPECT_THAT(LinesWith("fail sem_timedwait errno=EINTR", "times"), Contains("sem_timedwait EINTR"));
  EXPECT_THAT(LinesWith("fail pthread_cond_timedwait result=EINVAL", "times"), Contains("timedwait EINVAL"));
  EXPECT_THAT(LinesWith("fail getaddrinfo result=EAI_AGAIN", "times"), Contains("getaddrinfo -3"));
  EXPECT_THAT(LinesWith("fail poll errno=EINTR", "times"), Contains("poll -1"));
  EXPECT_THAT(LinesWith("fail pthread_create errno=EAGAIN", "spawns"), Contains("pthread_create EAGAIN"));
  EXPECT_THAT(LinesWith("fail posix_spawn errno=EAGAIN nth=2", "spawns"),
              ElementsAre("exec 44", "spawn ENOENT -1", "exec 0", "spawn EAGAIN -1", "pthread_create ok"));
  // Calls are counted in each process by itself: both children find their first exec failing.
  EXPECT_THAT(LinesWith("fail execve errno=EACCES nth=1", "spawns"),
              ElementsAre("exec 45", "spawn ENOENT -1", "exec 45", "spawn ok 0", "pthread_create ok"));
}

// Faults on paths: the five rounds of a checkpoint writer, seen by what the calls of one round came to.
TEST_F(SitesRun, FaultsOnPathsMeetTheFilesThatMatchAndNoOthers) {
  const std::string part = scratch_.Path("part"), whole = scratch_.Path("whole");
  const auto answers = [&](const std::string& fault) {
    std::map<std::string, std::set<std::string>> of;
    for (const std::string& line : LinesWith(fault, "files")) {
      std::istringstream words(line);
      std::string function, round, answer;
      words >> function >> round >> answer;
      of[function].insert(answer);
    }
    return of;
  };
  using Set = std::set<std::string>;
  auto full = answers("disk-full file path=" + part + " call=1..3");
  EXPECT_EQ(full["open"], (Set{"ENOSPC", "ok"}));  // it makes the file
  auto writes = answers("disk-full write,fsync path=*/par?");
  EXPECT_EQ(writes["write"], Set{"ENOSPC"});
  EXPECT_EQ(writes["fsync"], Set{"ENOSPC"});
  EXPECT_EQ(writes["open"], Set{"ok"});
  auto errors = answers("disk-error file path=" + whole);
  EXPECT_EQ(errors["rename"], Set{"EIO"});  // the new name counts
  EXPECT_EQ(errors["write"], Set{"ok"});
  auto stale = answers("disk-error pread path=" + part + " errno=ESTALE");
  EXPECT_EQ(stale["pread"], Set{"ESTALE"});
  EXPECT_THAT(Injections(), ::testing::SizeIs(5));
  auto none = answers("disk-error file path=" + part + "x");
  EXPECT_EQ(none["write"], Set{"ok"});
}

TEST_F(SitesRun, AFileIsFoundByEveryNameThatLeadsToIt) {
  // Through a link to its directory, relative to the working directory, and by descriptor of a file that is
  // gone.
  const std::string script =
      "import os, sys\n"
      "os.mkdir(sys.argv[1] + '/real'); os.symlink(sys.argv[1] + '/real', sys.argv[1] + '/link')\n"
      "def tried(f):\n"
      "  try: f(); return 'ok'\n"
      "  except OSError as e: return os.strerror(e.errno)\n"
      "flags = os.O_CREAT | os.O_RDWR\n"
      "print(tried(lambda: os.open(sys.argv[1] + '/link/a', flags)))\n"
      "os.chdir(sys.argv[1] + '/real')\n"
      "print(tried(lambda: os.open('a', flags)), tried(lambda: os.open('b', flags)))\n"
      "folder = os.open('.', os.O_RDONLY)\n"
      "print(tried(lambda: os.open('a', flags, dir_fd=folder)))\n"
      "gone = os.open('a-gone', flags); os.unlink('a-gone'); print(tried(lambda: os.write(gone, b'x')))\n";
  const std::string real = fs::canonical(scratch_.Path("")).string() + "/real";
  const Finished job = Run({"--fault", "disk-error open,openat path=" + real + "/a", "--fault",
                            "disk-error write path=" + real + "/a-gone errno=EROFS"},
                           {"python3", "-c", script, scratch_.Path("")});
  EXPECT_EQ(job.exit_code, 0) << job.err;
  EXPECT_THAT(LinesOf(job.out), ElementsAre("Input/output error", "Input/output error ok",
                                            "Input/output error", "Read-only file system"));
}

TEST_F(SitesRun, ShortTransfersMoveAllTheSame) {
  const struct {
    const char *fault, *line;
  } cases[] = {
      {"short write bytes=1", "read-write 20 1 same"},
      {"short read bytes=3", "read-write 1 7 same"},
      {"short send bytes=4", "send-recv 5 1 same"},
      {"short recv bytes=1", "send-recv 1 20 same"},
      {"short writev bytes=1", "writev-readv 20 1 same"},
      {"short readv bytes=2 nth=1", "writev-readv 1 2 same"},
      {"short sendmsg bytes=1", "sendmsg-recvmsg 20 1 same"},
      {"short recvmsg bytes=1", "sendmsg-recvmsg 1 20 same"},
      {"short read bytes=50", "read-write 1 1 same"},  // no call asks for as much
  };
  for (const auto& [fault, line] : cases) EXPECT_THAT(LinesWith(fault, "transfers"), Contains(line)) << fault;
  EXPECT_THAT(Injections(), IsEmpty());  // of the last one
}

TEST_F(SitesRun, AWaitTimesOutWithNothingReadyAndTheNextOneFindsIt) {
  const std::vector<std::string> usual = {
      "poll 1 ready 1", "ppoll 1 ready 1", "select 1 ready 1", "pselect 1 ready 1", "epoll_wait 1",
      "epoll_pwait 1",  "long 0"};
  const struct {
    const char *fault, *before, *now;
  } cases[] = {
      {"time-out poll", "poll 1 ready 1", "poll 0 ready 0"},
      {"time-out ppoll", "ppoll 1 ready 1", "ppoll 0 ready 0"},
      {"time-out select nth=1", "select 1 ready 1", "select 0 ready 0"},
      {"time-out pselect", "pselect 1 ready 1", "pselect 0 ready 0"},
      {"time-out epoll_wait", "epoll_wait 1", "epoll_wait 0"},
      {"time-out epoll_pwait", "epoll_pwait 1", "epoll_pwait 0"},
  };
  for (const auto& [fault, before, now] : cases) {
    std::vector<std::string> expected = usual;
    std::replace(expected.begin(), expected.end(), std::string(before), std::string(now));
    EXPECT_EQ(LinesWith(fault, "waits"), expected) << fault;
    EXPECT_EQ(Injections().size(), 1u);
  }
  EXPECT_EQ(PointsOf("epoll_pwait").at(0)["processes"][0]["outcomes"]["timeout"], 1);
}

TEST_F(SitesRun, AWaitMayTimeOutAtItsOwnLimitIfItHasOne) {
  EXPECT_THAT(LinesWith("time-out poll end=limit", "waits"),
              ::testing::IsSupersetOf({"poll 0 ready 0", "long 1"}));
  EXPECT_THAT(LinesWith("time-out pselect end=limit", "waits"),
              Contains("pselect 1 ready 1"));  // it has none
  EXPECT_THAT(Injections(), IsEmpty());
}

TEST_F(SitesRun, DelaysComeBeforeTheCall) {
  ASSERT_EQ(RunMode({"--fault", "delay fsync time=300ms nth=2"}, "files").exit_code, 7);
  const Json calls = PointsOf("fsync").at(0)["processes"][0];
  EXPECT_GE(calls["last_s"].get<double>() - calls["first_s"].get<double>(), 0.3);
  EXPECT_LT(calls["longest_s"].get<double>(), 0.3);
  EXPECT_EQ(calls["injected"], 1);
}

TEST_F(SitesRun, HangsEndByThemselvesAndProcessesEndWhereAsked) {
  ASSERT_EQ(RunMode({"--fault", "hang rename for=300ms nth=5"}, "files").exit_code, 7);
  const Json calls = PointsOf("rename").at(0)["processes"][0];
  EXPECT_GE(calls["last_s"].get<double>() - calls["first_s"].get<double>(), 0.3);
  const Finished exits = RunMode({"--fault", "exit fsync nth=2 code=9"}, "files");
  EXPECT_EQ(exits.exit_code, 9);
  EXPECT_EQ(LinesOf(exits.out).back(), "write 2 ok");
  EXPECT_EQ(RunMode({"--fault", "signal pread signal=KILL"}, "files").exit_code, 128 + SIGKILL);
  EXPECT_EQ(RunMode({"--fault", "abort __cxa_throw nth=3"}, "throws").exit_code, 128 + SIGABRT);
}

TEST_F(SitesRun, AHungCallIsReleasedFromOutside) {
  RankleProcess job({"run", "-q", "--no-capture", "-o", out_dir(), "--fault", "hang connect nth=2 name=stuck",
                     "--", CALLS_A_LOT, "network"});
  ASSERT_TRUE(WaitUntil([&] {
    return RunRankle({"release", out_dir(), "--fault", "stuck"}).exit_code == 0 &&
           job.out().find("echo 5") != std::string::npos;
  }));
  EXPECT_EQ(job.Wait().exit_code, 7);
}

TEST_F(SitesRun, ARankThatIsNotMeantIsLeftAlone) {
  const Finished plain = RunMode({"--no-trace"}, "files");
  const Finished job = RunRankle({"run", "-q", "-n", "2", "-o", out_dir(), "--fault",
                                  "fail fsync errno=EIO rank=1", "--", "sh", "-c",
                                  std::string("mkdir -p ") + scratch_.Path("$RANK") + " && " + CALLS_A_LOT +
                                      " files " + scratch_.Path("$RANK")});
  EXPECT_EQ(job.exit_code, 7) << job.err;
  EXPECT_EQ(ReadWhole(out_dir() + "/rank0.log"), plain.out);
  EXPECT_THAT(LinesOf(ReadWhole(out_dir() + "/rank1.log")), Contains("fsync 5 EIO"));
  for (const Json& calls : PointsOf("fsync").at(0)["processes"])
    EXPECT_EQ(calls["injected"], calls["rank"] == 1 ? 5 : 0);
}

TEST_F(SitesRun, ASiteLimitsAFaultToOnePlace) {
  ASSERT_EQ(RunMode({"--sites"}, "network").exit_code, 7);
  std::string client;
  for (const Json& point : PointsOf("recv")) {
    if (point["caller"]["function"] == "main") client = point["site"];
  }
  ASSERT_FALSE(client.empty());
  ASSERT_EQ(RunMode({"--fault", "short recv bytes=1 site=" + client}, "network").exit_code, 7);
  for (const Json& point : PointsOf("recv")) {
    EXPECT_EQ(point["injected"], point["site"] == client ? 20 : 0);
    EXPECT_EQ(point["hits"], point["site"] == client ? 20 : 10);
  }
}

TEST_F(SitesRun, TheSameSeedMakesTheSameDecisions) {
  std::vector<uint64_t> calls[2];
  for (auto& fired : calls) {
    ASSERT_EQ(RunMode({"--seed", "7", "--fault", "fail close errno=EIO probability=0.4", "--fault",
                       "delay write time=1us probability=0.5"},
                      "files")
                  .exit_code,
              7);
    for (const Json& injection : Injections()) fired.push_back(injection["call"]);
  }
  EXPECT_EQ(calls[0], calls[1]);
  EXPECT_THAT(calls[0], Not(IsEmpty()));
  EXPECT_LT(calls[0].size(), 10u);
}

TEST_F(SitesRun, AFaultThatNeverFiredIsSaid) {
  const Finished never = RunMode({"--fault", "fail connect errno=EINTR"}, "files");
  EXPECT_THAT(never.err, HasSubstr("never fired: no call matched"));
  const Finished beyond = RunMode({"--fault", "fail fsync errno=EIO nth=6"}, "files");
  EXPECT_THAT(beyond.err, HasSubstr("never fired: of the 5 calls"));
}

TEST_F(SitesRun, FaultsWorkWithoutRecords) {
  const Finished job = RunMode({"--no-trace", "--fault", "fail fsync errno=EIO nth=2"}, "files");
  EXPECT_THAT(LinesOf(job.out), Contains("fsync 2 EIO"));
  EXPECT_THAT(Records(), IsEmpty());
}

#ifdef DDP_TRAIN
TEST_F(SitesRun, CallsOfNcclAndCudaStandInTheSameRecordAndTakeSites) {
  const Arguments flags{"-n", "2", "--virtual-gpus", "2"}, program{DDP_TRAIN, "--steps", "20"};
  Arguments watched = flags;
  watched.push_back("--sites");
  const Finished job = Run(watched, program);
  ASSERT_EQ(job.exit_code, 0) << job.err;
  // What rankle's libraries call themselves (threads, files, waits) is not the program's.
  for (const Json& point : Points())
    EXPECT_THAT(point["place"]["module"].get<std::string>(), Not(HasSubstr("librankle")));
  const auto reduces = PointsOf("ncclAllReduce");
  ASSERT_FALSE(reduces.empty());
  EXPECT_EQ(reduces[0]["ranks"], Json({0, 1}));
  EXPECT_GE(Sum(reduces, "hits"), 40u);
  EXPECT_EQ(reduces[0]["outcomes"], Json({{"ok", reduces[0]["hits"]}}));

  Arguments faulty = flags;
  const std::string site = reduces[0]["site"];
  faulty.insert(faulty.end(), {"--fault", "delay ncclAllReduce rank=1 call=5 time=1ms site=" + site});
  ASSERT_EQ(Run(faulty, program).exit_code, 0);
  for (const Json& point : PointsOf("ncclAllReduce"))
    EXPECT_EQ(point["injected"], point["site"] == site ? 1 : 0);
}
#endif

}  // namespace
}  // namespace rankle::testing
