// `rankle run --cupti` from outside: the program's CUDA loads the library, CUPTI (the stand-in on the virtual
// driver) tells kernels, the report has their times. Real processes, real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "analyzer/import/importer.h"
#include "tests/support/rankle_process.h"
#include "tracer/cupti/reader.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

class CuptiRun : public ::testing::Test {
 protected:
  std::string out_dir() const { return scratch_.Path("out"); }
  Arguments Command(const Arguments& flags, const Arguments& options) const {
    Arguments run{"run", "--cupti", "-n", "2", "--virtual-gpus", "2", "-o", out_dir()};
    run.insert(run.end(), flags.begin(), flags.end());
    run.insert(run.end(), {"--", DDP_TRAIN});
    run.insert(run.end(), options.begin(), options.end());
    return run;
  }
  // Paths of the kernel records so far.
  std::vector<std::string> Records() const {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(out_dir(), error)) {
      if (entry.path().extension() == ".rkd") found.push_back(entry.path());
    }
    return found;
  }
  // Every matched kernel must be the one of its operation: ddp_train's collectives run on one stream of each
  // rank, so kernel n is the operation with number n.
  void ExpectKernelsInTheirPlaces(const store::Store& store) const {
    size_t matched = 0;
    for (const store::Kernel& k : store.kernels) {
      if (k.operation == store::kNone) continue;
      ++matched;
      EXPECT_EQ(store.operations.seq[k.operation], k.correlation);
      EXPECT_EQ(store.operations.started[k.operation], k.started);
      EXPECT_EQ(store.operations.finished[k.operation], k.finished);
    }
    EXPECT_GT(matched, 0u);
    EXPECT_EQ(store.quality.kernel_timed_operations, matched);
  }
  ScratchDirectory scratch_;
};

TEST_F(CuptiRun, DeviceTimesOfOperationsAreThoseOfTheirKernels) {
  const Finished job = RunRankle(Command({"-q"}, {"--steps", "50"}));
  ASSERT_EQ(job.exit_code, 0) << job.err;
  EXPECT_EQ(job.err, "");
  const auto store = import::ImportPaths({out_dir()});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(store->kernels.size(), store->operations.size());  // none lost on the way
  EXPECT_THAT(store->quality.kernel_timed_ranks, ElementsAre(0, 1));
  ExpectKernelsInTheirPlaces(*store);

  const Finished analysis = RunRankle({"analyze", out_dir(), "--format", "json"});
  const nlohmann::json report = nlohmann::json::parse(analysis.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << analysis.err;
  EXPECT_EQ(report["verdict"]["class"], "healthy");
  EXPECT_EQ(report["data_quality"]["kernel_timed_ranks"], (std::vector<int>{0, 1}));
}

TEST_F(CuptiRun, AKilledProcessLeavesTheKernelsThatCuptiHadTold) {
  RankleProcess run(
      Command({"-q", "--on-hang", "kill", "--hang-after", "2"}, {"--steps", "100000", "--step-time", "2ms"}));
  ASSERT_TRUE(WaitUntil([&] { return Records().size() == 2; })) << run.err();
  const std::string path = Records().front();
  const auto told = [&] {
    const auto record = cupti::ReadKernelRecord(path);
    return record.ok() ? record->kernels.size() : 0;
  };
  ASSERT_TRUE(WaitUntil([&] { return told() > 10; }));
  const auto living = cupti::ReadKernelRecord(path);
  ASSERT_TRUE(living.ok()) << living.status();
  ASSERT_EQ(kill(living->pid, SIGKILL), 0);
  run.Wait();

  const auto left = cupti::ReadKernelRecord(path);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_GE(left->total, living->total);
  EXPECT_EQ(left->malformed, 0u);
  const auto store = import::ImportPaths({out_dir()});
  ASSERT_TRUE(store.ok()) << store.status();
  ExpectKernelsInTheirPlaces(*store);
}

TEST_F(CuptiRun, WithoutTheFlagThereAreNone) {
  const Finished job = RunRankle(
      {"run", "-q", "-n", "2", "--virtual-gpus", "2", "-o", out_dir(), "--", DDP_TRAIN, "--steps", "5"});
  ASSERT_EQ(job.exit_code, 0) << job.err;
  EXPECT_TRUE(Records().empty());
  const auto store = import::ImportPaths({out_dir()});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(store->kernels.empty());
  EXPECT_TRUE(store->quality.kernel_timed_ranks.empty());
}

TEST_F(CuptiRun, AProgramWithoutNcclLeavesNothing) {
  const Finished job = RunRankle(
      {"run", "-q", "--cupti", "--virtual-gpus", "1", "-o", out_dir(), "--", "/bin/sh", "-c", "exit 3"});
  EXPECT_EQ(job.exit_code, 3);
  EXPECT_EQ(job.err, "");
  EXPECT_TRUE(Records().empty());
}

TEST_F(CuptiRun, IsRefusedBesideAnotherProfilerAndWithoutRecords) {
  setenv("CUDA_INJECTION64_PATH", "/opt/nsight/libToolsInjection64.so", 1);
  const Finished beside = RunRankle(Command({}, {"--steps", "5"}));
  unsetenv("CUDA_INJECTION64_PATH");
  EXPECT_EQ(beside.exit_code, 2);
  EXPECT_THAT(beside.err, HasSubstr("CUDA_INJECTION64_PATH is set to /opt/nsight/libToolsInjection64.so"));
  EXPECT_EQ(Lines(beside.err), 1);
  const Finished untraced = RunRankle(Command({"--no-trace"}, {"--steps", "5"}));
  EXPECT_EQ(untraced.exit_code, 2);
  EXPECT_THAT(untraced.err, HasSubstr("--cupti with --no-trace"));
}

}  // namespace
}  // namespace rankle::testing
