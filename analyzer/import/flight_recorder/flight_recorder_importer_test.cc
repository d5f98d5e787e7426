// Jobs of which only Flight Recorder dumps are left, from files to the verdict.
#include "analyzer/import/flight_recorder/flight_recorder_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analyzer/analyze.h"
#include "analyzer/testing/dump_files.h"
#include "analyzer/testing/profiles.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::DumpDirectory;
using rankle::testing::DumpJob;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DumpTest : public ::testing::Test {
 protected:
  DumpDirectory dumps_{::testing::UnitTest::GetInstance()->current_test_info()->name()};
};

// Tensor pairs and data-parallel groups over `ranks` ranks, with some steps that all went well.
struct HybridJob {
  explicit HybridJob(int ranks) : job(ranks) {
    std::vector<int> all;
    for (int r = 0; r < ranks; ++r) all.push_back(r);
    world = job.Group("default_pg", all);
    for (int r = 0; r < ranks; r += 2) tensor.push_back(job.Group("TENSOR", {r, r + 1}));
    for (const int first : {0, 1}) {
      std::vector<int> members;
      for (int r = first; r < ranks; r += 2) members.push_back(r);
      data.push_back(job.Group("DATA", members));
    }
    for (int step = 0; step < 5; ++step) Step();
  }
  void Step() {
    for (const int group : tensor) job.Collective(group, {.name = "nccl:_all_gather_base"});
    for (const int group : data) job.Collective(group);
  }
  DumpJob job;
  int world = 0;
  std::vector<int> tensor, data;
};

TEST_F(DumpTest, ARankThatDoesNotComeIsNamedEvenIfItIsTheFirst) {
  HybridJob hybrid(8);
  for (const int group : hybrid.tensor) {
    hybrid.job.Collective(
        group, {.name = "nccl:_all_gather_base", .absent = {0}, .hangs = group == hybrid.tensor[0]});
  }
  hybrid.job.Collective(hybrid.data[0], {.absent = {0}, .hangs = true});
  hybrid.job.Collective(hybrid.data[1], {.absent = {1}, .hangs = true});  // 1 waits for 0
  dumps_.Write(hybrid.job);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
  EXPECT_THAT(report.verdict.summary, HasSubstr("CPU-side"));
  EXPECT_LT(report.verdict.confidence, 0.9) << "dumps prove less than flight records";
  EXPECT_GT(report.verdict.confidence, 0.5);
}

TEST_F(DumpTest, ADeviceThatDoesNotCompleteWhatOthersDidIsNamed) {
  HybridJob hybrid(8);
  for (const int group : hybrid.tensor)
    hybrid.job.Collective(group, {.name = "nccl:_all_gather_base", .unfinished = {5}});
  hybrid.job.Collective(hybrid.data[0]);
  hybrid.job.Collective(hybrid.data[1], {.unfinished = {5}});
  // The others go on until they need rank 5, which no longer comes.
  for (const int group : hybrid.tensor) {
    const bool stuck = group == hybrid.tensor[2];
    hybrid.job.Collective(group, {.name = "nccl:_all_gather_base", .absent = {5}, .hangs = stuck});
  }
  hybrid.job.Collective(hybrid.data[1], {.absent = {5}, .hangs = true});
  dumps_.Write(hybrid.job);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(5));
  EXPECT_THAT(report.verdict.summary, HasSubstr("device-side"));
  EXPECT_THAT(report.findings[0].evidence, Contains(HasSubstr("in 2 communicators")));
}

// Of a dump without entries only pg_status tells that the rank has issued what the others wait in.
TEST_F(DumpTest, WhatIsOnlyCountedDisagreesWithNothing) {
  DumpDirectory::Form only_counts;
  only_counts.omit = {"entries"};
  for (const bool one_has_entries : {true, false}) {
    DumpJob job(4);
    const int dp = job.Group("dp", {0, 1, 2, 3});
    for (int i = 0; i < 5; ++i) job.Collective(dp);
    job.Collective(dp, {.hangs = true});
    dumps_.Write(job);
    if (one_has_entries) dumps_.Write(job, 2, only_counts);
    if (!one_has_entries) {
      for (const int rank : {0, 1, 3}) dumps_.Write(job, rank, only_counts);
    }
    const Report report = dumps_.Analyze();
    EXPECT_EQ(report.verdict.anomaly, "hang.in_collective") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, IsEmpty());
  }
}

TEST_F(DumpTest, ADifferenceBetweenThoseThatTellIsFoundBesideThoseThatOnlyCount) {
  DumpJob job(5);
  const int dp = job.Group("dp", {0, 1, 2, 3, 4});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.hangs = true, .other_size = {{3, {1000}}}});
  dumps_.Write(job);
  DumpDirectory::Form only_counts;
  only_counts.omit = {"entries"};
  dumps_.Write(job, 0, only_counts);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

DumpJob HangWithout(int rank) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.absent = {rank}, .hangs = true});
  return job;
}

TEST_F(DumpTest, ADumpOfAnEarlierIncidentIsNotUsed) {
  const DumpJob job = HangWithout(2);
  DumpDirectory::Form form;
  form.json = true;
  dumps_.Write(job, form);
  ASSERT_THAT(dumps_.Analyze().verdict.ranks, ElementsAre(2));
  const std::filesystem::path path = dumps_.path() / "nccl_trace_rank_2";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  // 1,000,000 s earlier.
  dumps_.Write("nccl_trace_rank_2", absl::StrReplaceAll(text.str(), {{"17000000", "16990000"}}));
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, HasSubstr("without a record (rank 2)"));
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("earlier incident")));
}

TEST_F(DumpTest, AByteOrderMarkIsLookedThrough) {
  DumpDirectory::Form form;
  form.json = true;
  dumps_.Write(HangWithout(2), form);
  for (int rank = 0; rank < 4; ++rank) {
    const std::string name = absl::StrCat("nccl_trace_rank_", rank);
    std::stringstream text;
    text << std::ifstream(dumps_.path() / name).rdbuf();
    dumps_.Write(name, "\xef\xbb\xbf" + text.str());
  }
  EXPECT_THAT(dumps_.Analyze().verdict.ranks, ElementsAre(2));
}

// Profiles show healthy steps before the hang, however many files they are.
TEST_F(DumpTest, DumpsOfAHangAreNotOutvotedByProfiles) {
  dumps_.Write(HangWithout(2));
  for (int rank = 0; rank < 8; ++rank) {
    using rankle::testing::Kernel;
    dumps_.Write(absl::StrCat("worker", rank, ".pt.trace.json"),
                 rankle::testing::Document(
                     rank, 8,
                     {Kernel(1000, 10, "allreduce", "0", "[0, 1, 2, 3, 4, 5, 6, 7]", 8, 64, 11),
                      Kernel(2000, 10, "allreduce", "0", "[0, 1, 2, 3, 4, 5, 6, 7]", 8, 64, 12)}));
  }
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(DumpTest, WithTimingTheDeviceThatNeverBeganIsNamed) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.hangs = true, .started = {0, 1, 3}});
  dumps_.Write(job);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("device-side"));
}

TEST_F(DumpTest, NobodyIsBlamedForAnOperationThatAllEnteredAndNoneCompleted) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.hangs = true});
  dumps_.Write(job);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

TEST_F(DumpTest, OneCompletionThatWasReadTooEarlyAccusesNobodyForSure) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.unfinished = {2}});
  dumps_.Write(job);
  EXPECT_LE(dumps_.Analyze().verdict.confidence, 0.5);
}

TEST_F(DumpTest, ABroadcastThatOnlyItsRootHasLeftAccusesNobody) {
  DumpJob job(4);
  const int dp = job.Group("dp", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.name = "nccl:broadcast", .absent = {3}, .unfinished = {1, 2}});
  dumps_.Write(job);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

TEST_F(DumpTest, DifferentSizesAndOperationsAreMismatches) {
  for (const bool by_size : {true, false}) {
    DumpJob job(4);
    const int dp = job.Group("dp", {0, 1, 2, 3});
    for (int i = 0; i < 5; ++i) job.Collective(dp);
    DumpJob::Call call{.hangs = true};
    if (by_size) call.other_size[1] = {1000};
    if (!by_size) call.other_name[1] = "nccl:broadcast";
    job.Collective(dp, call);
    dumps_.Write(job);
    const Report report = dumps_.Analyze();
    EXPECT_EQ(report.verdict.anomaly, "hang.mismatch") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  }
}

TEST_F(DumpTest, UnevenSizesOfExpertParallelismAreNoMismatch) {
  DumpJob job(4);
  const int ep = job.Group("ep", {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i)
    job.Collective(ep, {.name = "nccl:all_to_all", .other_size = {{1, {77}}, {2, {1, 2, 3}}}});
  dumps_.Write(job);
  EXPECT_EQ(dumps_.Analyze().verdict.anomaly, "healthy");
}

// Stages 0 to 3; forward sends go up, each stage waits for the one before.
struct PipelineJob {
  PipelineJob() : job(4), pp(job.Group("PIPELINE", {0, 1, 2, 3})) {
    for (int micro = 0; micro < 6; ++micro) {
      for (int stage = 0; stage < 3; ++stage) job.Send(pp, stage, stage + 1, {});
      for (int stage = 3; stage > 0; --stage) job.Send(pp, stage, stage - 1, {});
    }
  }
  DumpJob job;
  int pp;
};

TEST_F(DumpTest, InAPipelineTheStageThatAllWaitForIsNamed) {
  for (const bool only_unfinished : {false, true}) {
    PipelineJob pipeline;
    pipeline.job.Send(pipeline.pp, 0, 1, {});
    pipeline.job.Send(pipeline.pp, 1, 2, {.received = false, .finished = false});  // 2 is stuck on its host
    pipeline.job.Send(pipeline.pp, 2, 3, {.sent = false, .finished = false});
    pipeline.job.Send(pipeline.pp, 1, 0, {.sent = false, .finished = false});
    DumpDirectory::Form form;
    form.only_unfinished = only_unfinished;
    dumps_.Write(pipeline.job, form);
    const Report report = dumps_.Analyze();
    EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  }
}

TEST_F(DumpTest, PartsOfAFinishedLaunchAreNotUnfinished) {
  for (const bool only_unfinished : {false, true}) {
    DumpJob job(2);
    const int pp = job.Group("PIPELINE", {0, 1}), dp = job.Group("dp", {0, 1});
    for (int i = 0; i < 4; ++i) job.Exchange(pp, 0, 1, true), job.Collective(dp);
    job.Collective(dp, {.absent = {1}, .hangs = true});
    DumpDirectory::Form form;
    form.only_unfinished = only_unfinished;
    dumps_.Write(job, form);
    const Report report = dumps_.Analyze();
    EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  }
}

TEST_F(DumpTest, JsonGzipMixedVersionsAndOddNamesMakeNoDifference) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  const char* const kVersions[] = {"2.2", "2.4", "2.9", "2.10"};
  const char* const kNames[] = {"b", "zz.json", "dump-1.gz", "77"};  // wrong numbers, too
  for (int rank = 0; rank < 4; ++rank) {
    DumpDirectory::Form form;
    form.version = kVersions[rank], form.json = rank % 2 == 1;
    if (rank == 0) form.omit = {"input_dtypes", "output_dtypes", "is_p2p", "timeout_ms", "nccl_version"};
    const auto content = hybrid.job.Dump(rank, form);
    const std::string bytes = form.json ? ToJson(content) : ToPickle(content);
    dumps_.Write(kNames[rank], rank >= 2 ? rankle::testing::Gzip(bytes) : bytes);
  }
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("2.10 (1), 2.2 (1), 2.4 (1), 2.9 (1)")));
}

TEST_F(DumpTest, AnyMissingKeyIsSurvived) {
  const char* const kKeys[] = {"version",
                               "nccl_version",
                               "pg_config",
                               "pg_status",
                               "entries",
                               "name",
                               "desc",
                               "ranks",
                               "last_enqueued_collective",
                               "last_started_collective",
                               "last_completed_collective",
                               "record_id",
                               "pg_id",
                               "process_group",
                               "collective_seq_id",
                               "p2p_seq_id",
                               "op_id",
                               "profiling_name",
                               "time_created_ns",
                               "input_sizes",
                               "input_dtypes",
                               "output_sizes",
                               "output_dtypes",
                               "state",
                               "time_discovered_started_ns",
                               "time_discovered_completed_ns",
                               "retired",
                               "timeout_ms",
                               "is_p2p"};
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  for (const char* key : kKeys) {
    SCOPED_TRACE(key);
    DumpDirectory::Form form;
    form.omit = {key};
    dumps_.Write(hybrid.job, form);
    const Report report = dumps_.Analyze();
    // Another rank must never be named for sure.
    if (report.verdict.confidence > 0.5 && !report.verdict.ranks.empty()) {
      EXPECT_THAT(report.verdict.ranks, ElementsAre(2)) << report.verdict.summary;
    }
  }
}

TEST_F(DumpTest, WithoutEntriesTheStatusTells) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  DumpDirectory::Form form;
  form.omit = {"entries"};
  dumps_.Write(hybrid.job, form);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("pg_status only")));
}

TEST_F(DumpTest, WhatTheRingHasForgottenIsNotMissing) {
  HybridJob hybrid(4);
  for (int i = 0; i < 20; ++i) hybrid.Step();
  // Rank 1 records much more than the others elsewhere, so its ring reaches less far back.
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  DumpDirectory::Form form;
  form.ring = 40;
  dumps_.Write(hybrid.job, form);
  form.ring = 3;
  dumps_.Write(hybrid.job, 1, form);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(DumpTest, WhereACulpritMayHaveLeftNoDumpNobodyElseIsNamed) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  dumps_.Write(hybrid.job);
  fs::remove(dumps_.path() / "nccl_trace_rank_2");
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.summary, HasSubstr("rank 2"));
  EXPECT_THAT(report.data_quality.missing_ranks, ElementsAre(2));
}

TEST_F(DumpTest, WhoElseIsMissingIsSaidBesideWhomTheRecordsPointAt) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.absent = {1, 2}, .hangs = true});
  dumps_.Write(hybrid.job);
  fs::remove(dumps_.path() / "nccl_trace_rank_2");
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
  EXPECT_THAT(report.verdict.summary, AllOf(HasSubstr("(rank 2)"), HasSubstr("point at rank 1")));
}

TEST_F(DumpTest, AMissingDumpThatNobodyWaitsForChangesNothing) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.tensor[0], {.absent = {0}, .hangs = true});
  dumps_.Write(hybrid.job);
  fs::remove(dumps_.path() / "nccl_trace_rank_3");
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0));
}

TEST_F(DumpTest, RanksThatNothingTellsAreNumberedWithoutConfidence) {
  DumpJob job(3);
  const int dp = job.Group("default_pg", {0, 1, 2});
  for (int i = 0; i < 5; ++i) job.Collective(dp);
  job.Collective(dp, {.absent = {2}, .hangs = true});
  for (int rank = 0; rank < 3; ++rank)
    dumps_.Write(std::string(1, static_cast<char>('a' + rank)), ToPickle(job.Dump(rank, {})));
  const Report report = dumps_.Analyze();
  EXPECT_LE(report.verdict.confidence, 0.5);
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("neither content nor name tells its rank")));
}

TEST_F(DumpTest, OfTwoDumpsOfARankTheNewerCounts) {
  HybridJob hybrid(4);
  dumps_.Write("older", ToPickle(hybrid.job.Dump(2, {})));
  hybrid.Step();
  hybrid.job.Collective(hybrid.world, {.absent = {1}, .hangs = true});
  dumps_.Write(hybrid.job);
  const Report report = dumps_.Analyze();
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1)) << report.verdict.summary;
  EXPECT_THAT(report.data_quality.notes,
              Contains(AllOf(HasSubstr("older"), HasSubstr("another dump of rank 2"))));
}

TEST_F(DumpTest, TheLineWhereEachRankStandsIsEvidence) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.file = "/home/me/train.py", .function = "forward", .line = 120});
  hybrid.job.Collective(
      hybrid.world,
      {.absent = {3}, .hangs = true, .file = "/home/me/train.py", .function = "backward", .line = 131});
  dumps_.Write(hybrid.job);
  const Report report = dumps_.Analyze();
  EXPECT_THAT(report.findings[0].evidence, Contains(HasSubstr("stands at train.py:120 in forward")));
  EXPECT_THAT(report.findings[0].evidence,
              Contains(HasSubstr("ranks 0-2 stand at train.py:131 in backward")));
}

TEST_F(DumpTest, AJobWithNothingUnfinishedIsHealthyWithTheConfidenceOfDumps) {
  HybridJob hybrid(4);
  dumps_.Write(hybrid.job);
  const Report report = dumps_.Analyze();
  EXPECT_EQ(report.verdict.anomaly, "healthy") << report.verdict.summary;
  EXPECT_LT(report.verdict.confidence, 0.85);
}

TEST_F(DumpTest, ForeignAndHostileFilesAreNamedAndTheRestIsUsed) {
  HybridJob hybrid(4);
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  dumps_.Write(hybrid.job);
  dumps_.Write("notes.txt", "rank 1 did it");
  dumps_.Write("evil",
               "\x80\x02}(U\x07"
               "entriescposix\nsystem\nU\x09pg_statusNu.");
  dumps_.Write("cut", ToPickle(hybrid.job.Dump(1, {})).substr(0, 900));
  const Report report = dumps_.Analyze();
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.data_quality.notes, Contains(AllOf(HasSubstr("evil"), HasSubstr("posix.system"))));
  EXPECT_THAT(report.data_quality.notes, Contains(AllOf(HasSubstr("cut"), HasSubstr("ends early"))));
  const auto ignored = std::find_if(report.inputs.begin(), report.inputs.end(),
                                    [](const store::InputFiles& input) { return !input.used; });
  ASSERT_NE(ignored, report.inputs.end());
  EXPECT_THAT(ignored->files, ElementsAre(HasSubstr("notes.txt")));
  EXPECT_EQ(ignored->why, "text");
}

TEST_F(DumpTest, GlobsChooseAmongTheFiles) {
  HybridJob hybrid(4);
  dumps_.Write("before-0", ToPickle(hybrid.job.Dump(0, {})));
  hybrid.job.Collective(hybrid.world, {.absent = {2}, .hangs = true});
  dumps_.Write(hybrid.job);
  const auto files = [&](const InputFilter& filter) {
    AnalyzeOptions options;
    options.files = filter;
    const auto report = Analyze({dumps_.path().string()}, options);
    return report.ok() ? report->inputs[0].files.size() : 0;
  };
  dumps_.Write("job.log", "nothing to see");
  const auto with_logs = [&](const InputFilter& filter) {
    AnalyzeOptions options;
    options.files = filter;
    return Analyze({dumps_.path().string()}, options)->inputs.size();
  };
  EXPECT_EQ(with_logs({}), 2u);
  EXPECT_EQ(with_logs({.exclude = {"*.log"}}), 1u);
  EXPECT_EQ(files({}), 5u);
  EXPECT_EQ(files({.include = {"nccl_*"}}), 4u);
  EXPECT_EQ(files({.exclude = {"*_3", "before*"}}), 3u);
  EXPECT_EQ(files({.include = {"nothing"}}), 0u);
}

TEST_F(DumpTest, DumpsBelowTheDirectoryAreFoundWhereItHoldsNoneItself) {
  HybridJob hybrid(2);
  hybrid.job.Collective(hybrid.world, {.absent = {1}, .hangs = true});
  for (int rank = 0; rank < 2; ++rank) {
    fs::create_directories(dumps_.path() / "job" / ("host" + std::to_string(rank)));
    dumps_.Write("job/host" + std::to_string(rank) + "/dump", ToPickle(hybrid.job.Dump(rank, {})));
  }
  EXPECT_EQ(dumps_.Analyze().job.ranks, 2);
}

}  // namespace
}  // namespace rankle::import
