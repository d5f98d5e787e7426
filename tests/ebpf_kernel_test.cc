// What the kernel tells of jobs that were attached to, beside their calls: it reaches the verdict and its
// evidence. Skips, and says why, where nothing can be attached.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/ebpf_here.h"
#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
using nlohmann::json;

// A shell command that runs as rank 3 until this ends.
class Shell {
 public:
  explicit Shell(const std::string& command) : pid_(fork()) {
    if (pid_ != 0) return;
    setpgid(0, 0);
    setenv("RANK", "3", 1);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  ~Shell() {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

class EbpfKernel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!WhyNoEbpf().empty()) GTEST_SKIP() << "cannot attach here: " << WhyNoEbpf();
  }
  std::string out_dir() const { return scratch_.Path("out"); }
  // A job of four ranks under way, whose processes nobody records.
  std::unique_ptr<RankleProcess> Job(const Arguments& options, const Arguments& command) {
    Arguments run{"run", "-q", "--no-trace", "-n", "4", "--virtual-gpus", "4", "-o", scratch_.Path("job")};
    run.insert(run.end(), options.begin(), options.end());
    run.push_back("--");
    run.insert(run.end(), command.begin(), command.end());
    auto job = std::make_unique<RankleProcess>(run);
    EXPECT_TRUE(WaitUntil([&] { return job->out().find("step 50") != std::string::npos; })) << job->err();
    const json record = json::parse(ReadWhole(scratch_.Path("job") + "/run.json"));
    for (const json& process : record["processes"]) pids_.push_back(process["pid"].get<int>());
    return job;
  }
  // Attached for so long; the report. Nothing else tells how much is enough for a verdict.
  json ReportAfter(const std::string& seconds) {
    Arguments attach{"attach", "-q", "-o", out_dir(), "--for", seconds};
    for (const int pid : pids_) attach.push_back(std::to_string(pid));
    const Finished attached = RunRankle(attach);
    EXPECT_EQ(attached.exit_code, 0) << attached.err;
    return json::parse(RunRankle({"analyze", out_dir(), "--format", "json"}).out, nullptr, false);
  }
  // kernel.json once rank 3 shows what is waited for there.
  json WaitsOf(pid_t pid, const std::function<bool(const json&)>& shown) {
    RankleProcess attached({"attach", "-q", "-o", out_dir(), std::to_string(pid)});
    json waits;
    const bool found = WaitUntil([&] {
      const json record = json::parse(ReadWhole(out_dir() + "/kernel.json"), nullptr, false);
      if (!record.is_object() || record["waits"].empty()) return false;
      waits = record["waits"][0];
      return shown(waits);
    });
    EXPECT_TRUE(found) << waits << attached.err();
    attached.Signal(SIGINT);
    attached.Wait();
    return waits;
  }

  ScratchDirectory scratch_;
  std::vector<int> pids_;
};

TEST_F(EbpfKernel, ARankThatWaitsForItsBatchesIsSlowByInput) {
  const auto job =
      Job({}, {DDP_TRAIN, "--steps", "1000000", "--step-time", "5ms", "--input-delay", "2:20ms"});
  const json report = ReportAfter("8");
  EXPECT_EQ(report["verdict"]["class"], "slow.input") << report["verdict"];
  EXPECT_THAT(report["verdict"]["culprits"]["ranks"].get<std::vector<int>>(), ElementsAre(2));
  EXPECT_THAT(report["findings"][0]["evidence"][0].get<std::string>(),
              HasSubstr("slept outside of these calls"));
  job->Signal(SIGTERM);
}

TEST_F(EbpfKernel, ALinkThatLosesPacketsIsNamedWithTheLoss) {
  if (system("command -v tc nsenter >/dev/null") != 0) GTEST_SKIP() << "needs tc and nsenter";
  const auto job = Job({"--hosts", "4"}, {MOE_TRAIN, "--steps", "1000000", "--step-time", "5ms"});
  ASSERT_EQ(pids_.size(), 4u) << job->err();
  // One packet in twenty of those that rank 2's host gets from rank 1's (10.77.0.2) is lost, classic BPF:
  // source address, chance (of 2^32), drop.
  const std::string in = "nsenter -t " + std::to_string(pids_[2]) + " -n tc ";
  const std::string program =
      "6,32 0 0 26,21 0 3 172818434,32 0 0 4294963256,53 1 0 214748365,6 0 0 2,6 0 0 4294967295";
  const std::string lose = in + "qdisc add dev eth0 clsact && " + in +
                           "filter add dev eth0 ingress bpf da bytecode '" + program + "'";
  if (system(lose.c_str()) != 0) GTEST_SKIP() << "no BPF classifier in this kernel";
  const json report = ReportAfter("10");
  EXPECT_EQ(report["verdict"]["class"], "slow.link") << report["verdict"];
  EXPECT_EQ(report["verdict"]["culprits"]["links"], json::parse("[[1,2]]"));
  EXPECT_THAT(report["findings"][0]["evidence"][0].get<std::string>(), HasSubstr("lost packets"));
  job->Signal(SIGTERM);
}

TEST_F(EbpfKernel, ARankThatGetsNoCoreIsSlowByItsHost) {
  if (system("command -v chrt taskset >/dev/null") != 0) GTEST_SKIP() << "needs chrt and taskset";
  const auto job = Job({}, {DDP_TRAIN, "--steps", "1000000", "--step-time", "5ms"});
  // Rank 1 runs where and when nobody else wants to; somebody else always wants to.
  const std::string pid = std::to_string(pids_.at(1));
  ASSERT_EQ(system(("taskset -acp 0 " + pid + " >/dev/null && chrt -a -i -p 0 " + pid).c_str()), 0);
  const Shell neighbour("exec taskset -c 0 sh -c 'while :; do :; done'");
  const json report = ReportAfter("8");
  EXPECT_EQ(report["verdict"]["class"], "slow.compute") << report["verdict"];
  EXPECT_THAT(report["verdict"]["culprits"]["ranks"].get<std::vector<int>>(), ElementsAre(1));
  EXPECT_THAT(report["findings"][0]["evidence"][0].get<std::string>(), HasSubstr("for a free core"));
  kill(pids_[1], SIGKILL);
  job->Signal(SIGTERM);
}

TEST_F(EbpfKernel, RequestsToDisksAreCountedWithTheirTime) {
  const std::string file = scratch_.Path("data");
  if (system(("dd if=/dev/zero of=" + file + " bs=64k count=64 oflag=direct 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "no direct I/O in " << file;
  const Shell reader("while :; do dd if=" + file + " of=/dev/null bs=64k iflag=direct 2>/dev/null; done");
  const json waits = WaitsOf(reader.pid(), [](const json& w) { return w["disk_requests"].get<int>() >= 64; });
  EXPECT_GT(waits["disk_request_s"].get<double>(), 0);
  EXPECT_LE(waits["disk_longest_s"].get<double>(), waits["disk_request_s"].get<double>());
}

TEST_F(EbpfKernel, TimeSpentFreeingMemoryIsCounted) {
  const std::string group = "/sys/fs/cgroup/memory/rankle-test-" + std::to_string(getpid());
  std::error_code error;
  if (!std::filesystem::exists("/sys/fs/cgroup/memory") || !std::filesystem::create_directory(group, error))
    GTEST_SKIP() << "no memory control group can be made: " << error.message();
  std::ofstream(group + "/memory.limit_in_bytes") << (16 << 20);
  {
    const std::string file = scratch_.Path("data");
    const Shell reader("echo $$ >" + group + "/cgroup.procs; dd if=/dev/zero of=" + file +
                       " bs=1M count=48 2>/dev/null; while :; do cat " + file + " >/dev/null; done");
    WaitsOf(reader.pid(), [](const json& w) { return w["memory_wait_s"].get<double>() > 0; });
  }
  EXPECT_TRUE(WaitUntil([&] { return rmdir(group.c_str()) == 0; }));
}

}  // namespace
}  // namespace rankle::testing
