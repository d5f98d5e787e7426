// Faults of hosts and network, seen from outside: they act on the job, on nothing else, and nothing is left
// of them, whatever is killed. Needs root, namespaces and control groups; skips where `rankle doctor` says
// they do not work.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Which check of `rankle doctor` is not ok; "" = all of these are.
std::string WhyNot(const std::vector<std::string>& checks) {
  const Finished doctor = RunRankle({"doctor", "--format", "json"});
  for (const auto& check : nlohmann::json::parse(doctor.out).at("checks")) {
    for (const std::string& name : checks) {
      if (check.at("name") == name && check.at("state") != "ok")
        return check.at("name").get<std::string>() + ": " + check.at("detail").get<std::string>();
    }
  }
  return "";
}

#define SKIP_WITHOUT(...)                                          \
  if (const std::string why = WhyNot({__VA_ARGS__}); !why.empty()) \
  GTEST_SKIP() << why << " (needs root, CAP_NET_ADMIN, control groups)"

std::vector<std::string> OurGroups(const std::string& file = "", const std::string& content = "") {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator it("/sys/fs/cgroup", error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.rfind("rankle-", 0) != 0) continue;
    if (file.empty() || ReadWhole(it->path() / file).find(content) != std::string::npos)
      found.push_back(it->path());
  }
  return found;
}

// A rank that lives until it is ended, and does nothing else.
std::vector<std::string> Job(const std::string& out, const std::vector<std::string>& faults) {
  std::vector<std::string> words = {"run", "-n", "2", "--hosts", "2", "--no-trace", "-q", "-o", out};
  for (const std::string& fault : faults) words.insert(words.end(), {"--fault", fault});
  words.insert(words.end(), {"--", "/bin/sleep", "600"});
  return words;
}

struct Relatives {
  pid_t supervisor = 0, keeper = 0;
};

std::vector<std::string> StatOf(pid_t pid) {  // from the state on: state, parent, group, session
  const std::string stat = ReadWhole("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream words(stat.substr(std::min(stat.size(), stat.rfind(')') + 2)));
  return {std::istream_iterator<std::string>(words), {}};
}

// The guard's children: the keeper leads a session of its own.
Relatives RelativesOf(pid_t guard) {
  Relatives relatives;
  std::istringstream children(
      ReadWhole("/proc/" + std::to_string(guard) + "/task/" + std::to_string(guard) + "/children"));
  for (pid_t child; children >> child;) {
    const std::vector<std::string> stat = StatOf(child);
    if (stat.size() < 4 || stat[0] == "Z") continue;
    (stat[3] == std::to_string(child) ? relatives.keeper : relatives.supervisor) = child;
  }
  return relatives;
}

std::string Shell(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  for (char line[512]; pipe != nullptr && fgets(line, sizeof(line), pipe) != nullptr;) text += line;
  if (pipe != nullptr) pclose(pipe);
  return text;
}

// Interfaces and queueing disciplines of this machine's own network, and named namespaces.
std::string OwnNetwork() {
  return Shell("ip -o link | cut -d: -f2; tc qdisc; ls /run/netns 2>/dev/null; cat /proc/mounts");
}

// A connection over loopback that carries a byte to and fro, and counts.
class Bystander {
 public:
  Bystander() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET, address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    ours_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(ours_, reinterpret_cast<sockaddr*>(&address), size), 0);
    theirs_ = accept(listener, nullptr, nullptr);
    close(listener);
    echo_ = std::thread([this] {
      for (char byte; recv(theirs_, &byte, 1, 0) == 1;) send(theirs_, &byte, 1, 0);
    });
    talk_ = std::thread([this] {
      for (char byte = 'x'; !stop_ && send(ours_, &byte, 1, 0) == 1 && recv(ours_, &byte, 1, 0) == 1;)
        ++rounds_;
    });
  }
  ~Bystander() {
    End();
    close(ours_), close(theirs_);
  }
  void End() {
    stop_ = true;
    if (talk_.joinable()) talk_.join();
    shutdown(ours_, SHUT_RDWR);
    if (echo_.joinable()) echo_.join();
  }
  long rounds() const { return rounds_; }
  // Segments that were sent again: of one on loopback, none.
  unsigned Retransmits() const {
    tcp_info info{};
    socklen_t size = sizeof(info);
    getsockopt(ours_, IPPROTO_TCP, TCP_INFO, &info, &size);
    return info.tcpi_total_retrans;
  }

 private:
  int ours_ = -1, theirs_ = -1;
  std::thread echo_, talk_;
  std::atomic<long> rounds_{0};
  std::atomic<bool> stop_{false};
};

TEST(HostFaults, ABystanderSeesNothingOfThem) {
  SKIP_WITHOUT("hosts", "net-drop", "net-limit", "freeze", "throttle", "fd-limit");
  ScratchDirectory scratch;
  const std::string before = OwnNetwork(), groups = ReadWhole("/proc/self/cgroup");
  rlimit files_before, files_after;
  getrlimit(RLIMIT_NOFILE, &files_before);
  Bystander bystander;
  RankleProcess run(
      Job(scratch.Path("out"), {"net-drop network direction=both", "net-limit network rank=0 rate=1KiB/s",
                                "freeze host", "throttle host percent=5", "fd-limit host files=0"}));
  ASSERT_TRUE(WaitUntil([] { return OurGroups("cgroup.events", "frozen 1").size() == 2; })) << run.err();
  const long at_first = bystander.rounds();
  EXPECT_TRUE(WaitUntil([&] { return bystander.rounds() > at_first + 1000; }))
      << "the connection stands still";
  EXPECT_EQ(OwnNetwork(), before);
  EXPECT_EQ(ReadWhole("/proc/self/cgroup"), groups);
  getrlimit(RLIMIT_NOFILE, &files_after);
  EXPECT_EQ(files_after.rlim_cur, files_before.rlim_cur);
  EXPECT_EQ(bystander.Retransmits(), 0u);
  run.Signal(SIGTERM);
  run.Wait();
  EXPECT_THAT(OurGroups(), IsEmpty());
  EXPECT_EQ(OwnNetwork(), before);
}

TEST(HostFaults, AFreezeEndsWhenItsTimeIsOver) {
  SKIP_WITHOUT("hosts", "freeze");
  ScratchDirectory scratch;
  RankleProcess run(Job(scratch.Path("out"), {"freeze host rank=1 for=500ms"}));
  ASSERT_TRUE(WaitUntil([] { return OurGroups("cgroup.events", "frozen 1").size() == 1; })) << run.err();
  EXPECT_TRUE(WaitUntil([] { return OurGroups("cgroup.events", "frozen 1").empty(); }, 5));
  EXPECT_EQ(OurGroups().size(), 1u);  // the job goes on in its group
  run.Signal(SIGTERM);
  run.Wait();
}

// What a rank of two prints, by rank; the fault meets rank 1.
std::map<int, std::string> Printed(const ScratchDirectory& scratch, const std::string& fault,
                                   const std::string& script) {
  const Finished run = RunRankle(
      {"run", "-n", "2", "--no-trace", "-q", "-o", scratch.Path("out"), "--fault", fault, "--", "python3",
       "-c", "import os, time\n" + script + "\nprint('rank', os.environ['RANK'], answer, flush=True)\n"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  std::map<int, std::string> answers;
  std::istringstream lines(run.out);
  std::string word, answer;
  for (int rank; lines >> word >> rank && std::getline(lines >> std::ws, answer);) answers[rank] = answer;
  return answers;
}

TEST(HostFaults, ARankWithoutDescriptorsLeftSeesEmfileAndTheOtherDoesNot) {
  SKIP_WITHOUT("fd-limit");
  ScratchDirectory scratch;
  // The limit comes a moment after the start: until then all can be opened. 60 s: a test that fails ends all
  // the same.
  const auto answers =
      Printed(scratch, "fd-limit host rank=1 files=40",
              "answer, end = 'none', time.time() + (60 if os.environ['RANK'] == '1' else 1)\n"
              "while time.time() < end:\n"
              "  files = []\n"
              "  try:\n"
              "    for _ in range(100): files.append(os.open('/dev/null', os.O_RDONLY))\n"
              "  except OSError as e: answer = os.strerror(e.errno); break\n"
              "  finally:\n"
              "    for f in files: os.close(f)\n");
  EXPECT_EQ(answers, (std::map<int, std::string>{{0, "none"}, {1, "Too many open files"}}));
}

TEST(HostFaults, AClockThatIsAheadIsSoFromTheStartOn) {
  SKIP_WITHOUT("clock-skew");
  ScratchDirectory scratch;
  const double before =
      static_cast<double>(std::chrono::steady_clock::now().time_since_epoch().count()) * 1e-9;
  const auto answers = Printed(scratch, "clock-skew host rank=1 offset=1000s", "answer = time.monotonic()");
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_GE(std::stod(answers.at(0)), before);
  EXPECT_LT(std::stod(answers.at(0)), before + 500);
  EXPECT_GE(std::stod(answers.at(1)), before + 1000);
}

// A file system of its own size in a directory's place: parts are written, then ENOSPC. Nobody else sees it.
TEST(HostFaults, ALimitedDirectoryTakesWhatFitsAndIsSeenByItsRankOnly) {
  SKIP_WITHOUT("disk-limit");
  ScratchDirectory scratch;
  const std::string directory = scratch.Path("limited"), mounts = ReadWhole("/proc/self/mounts");
  fs::create_directory(directory);
  std::ofstream(directory + "/there") << "before";
  const auto answers = Printed(scratch, "disk-limit host rank=1 path=" + directory + " bytes=64KiB",
                               "d = '" + directory +
                                   "'\n"
                                   "names = os.listdir(d)\n"
                                   "f = os.open(d + '/new' + os.environ['RANK'], os.O_CREAT | os.O_WRONLY)\n"
                                   "try:\n"
                                   "  n = os.write(f, b'x' * 100000)\n"
                                   "  answer = (names, n, os.write(f, b'x' * 100000))\n"
                                   "except OSError as e: answer = (names, n, os.strerror(e.errno))\n");
  EXPECT_EQ(answers.at(0), "(['there'], 100000, 100000)");
  EXPECT_EQ(answers.at(1), "([], 65536, 'No space left on device')");
  EXPECT_TRUE(fs::exists(directory + "/new0"));
  EXPECT_FALSE(fs::exists(directory + "/new1"));
  EXPECT_EQ(ReadWhole("/proc/self/mounts"), mounts);
  const Finished refused =
      RunRankle({"run", "-n", "1", "-o", directory + "/out", "--fault",
                 "disk-limit host path=" + directory + " bytes=1MiB", "--", "/bin/true"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("the records go there"));
}

// A job that can: rank 0 waits until rank 1 has been there twice.
TEST(HostFaults, ARankThatLeavesComesBackAndItsDeathIsNotTheJobs) {
  ScratchDirectory scratch;
  const std::string seen = scratch.Path("seen");
  const Finished run =
      RunRankle({"run", "-n", "2", "--no-trace", "-q", "-o", scratch.Path("out"), "--fault",
                 "churn host rank=1 after=300ms for=300ms", "--", "sh", "-c",
                 "if [ $RANK = 1 ]; then echo here >> " + seen + "; echo rank 1 is here; [ $(wc -l < " +
                     seen + ") = 2 ] && exit 0; exec sleep 600; fi; until [ \"$(wc -l < " + seen +
                     ")\" = 2 ]; do sleep 0.05; done"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(ReadWhole(seen), "here\nhere\n");
  EXPECT_EQ(run.out,
            "rank 1 is here\nrank 1 is here\n");  // what it prints after its return is passed on, too
  EXPECT_THAT(run.err, ::testing::Not(HasSubstr("never fired")));
  const auto record = nlohmann::json::parse(ReadWhole(scratch.Path("out/run.json")));
  ASSERT_EQ(record.at("processes").size(), 3u);
  EXPECT_EQ(record.at("exit_code"), 0);
}

TEST(HostFaults, WhatCannotWorkIsRefusedBeforeAnythingStarts) {
  ScratchDirectory scratch;
  const auto refused = [&](std::vector<std::string> words, const std::string& fault) {
    words.insert(words.begin(), "run");
    words.insert(words.end(), {"-o", scratch.Path("out"), "--fault", fault, "--", "/bin/true"});
    const Finished run = RunRankle(words);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    return run.err;
  };
  EXPECT_THAT(refused({"-n", "2"}, "net-drop network rank=1"),
              ::testing::AnyOf(HasSubstr("give --hosts N"), HasSubstr("namespace")));
  EXPECT_THAT(refused({}, "freeze host"), HasSubstr("start them with -n"));
  EXPECT_THAT(refused({"-n", "2"}, "freeze host rank=7"),
              ::testing::AnyOf(HasSubstr("names no rank of this job"), HasSubstr("control group")));
  EXPECT_THAT(refused({"-n", "2", "--hosts", "3"}, "freeze host rank=0"), HasSubstr("more hosts than ranks"));
  EXPECT_THAT(OurGroups(), IsEmpty());
}

// Kills what runs a job at a random moment, and looks for what is left. RANKLE_KILLS=100 for the long form.
TEST(HostFaults, NothingIsLeftAfterRandomKills) {
  SKIP_WITHOUT("hosts", "net-delay", "net-drop", "net-limit", "freeze", "throttle", "memory-limit");
  const char* wanted = getenv("RANKLE_KILLS");
  const int kills = wanted != nullptr ? atoi(wanted) : 20;
  std::mt19937 random(20261125);
  const std::string before = OwnNetwork();
  const std::vector<std::vector<std::string>> plans = {
      {"freeze host for=300ms period=400ms", "net-drop network rank=0 percent=50"},
      {"freeze host", "throttle host percent=10"},
      {"freeze host rank=1 after=100ms", "net-limit network rank=0 rate=1MiB/s for=50ms period=100ms"},
      {"memory-limit host bytes=64MiB", "net-delay network rank=0 time=5ms", "freeze host after=200ms"}};
  for (int i = 0; i < kills; ++i) {
    SCOPED_TRACE("kill " + std::to_string(i));
    ScratchDirectory scratch;
    const std::string out = scratch.Path("out");
    RankleProcess run(Job(out, plans[random() % plans.size()]));
    Relatives relatives;
    ASSERT_TRUE(WaitUntil([&] {
      relatives = RelativesOf(run.pid());
      return relatives.keeper != 0 && relatives.supervisor != 0;
    })) << run.err();
    usleep(random() % 500'000);  // the moment is what is random here: nothing is waited for
    const unsigned whom = random() % 4;
    const bool keeper_dies = whom == 2 || (whom == 3 && random() % 2 == 0);
    if (whom == 0 || whom == 3) kill(run.pid(), SIGKILL);
    if (whom == 1 || whom == 3) kill(relatives.supervisor, SIGKILL);
    if (keeper_dies) kill(relatives.keeper, SIGKILL);
    if (!keeper_dies) {
      // The watchdog's part, without any help.
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_TRUE(WaitUntil([&] { return OurGroups("cgroup.freeze", "1").empty(); }, 10));
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2))
          << "the job stayed frozen, case " << whom;
    }
    // Processes that still end by themselves are given the time; the rest is what --repair is for.
    WaitUntil([&] { return ProcessesWith("RANKLE_OUT=" + out).empty() && OurGroups().empty(); },
              keeper_dies ? 1 : 10);
    const Finished repair = RunRankle({"doctor", "--repair"});
    EXPECT_EQ(repair.exit_code, 0) << repair.out;
    EXPECT_TRUE(WaitUntil([&] { return ProcessesWith("RANKLE_OUT=" + out).empty(); }, 10)) << repair.out;
    EXPECT_TRUE(WaitUntil([] { return OurGroups().empty(); }, 10)) << repair.out;
    EXPECT_EQ(OwnNetwork(), before);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace rankle::testing
