// Which bugs a finding is said to resemble: on small hand-made knowledge, and on whole synthetic jobs with
// the built-in bugs.
#include "analyzer/taxonomy/similar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "analyzer/taxonomy/load.h"
#include "analyzer/testing/diagnose.h"

namespace rankle::taxonomy {
namespace {

using rankle::testing::DdpJob;
using rankle::testing::Diagnose;
using rankle::testing::Enter;
using rankle::testing::JobBuilder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Ids(const std::vector<SimilarBug>& bugs) {
  std::vector<std::string> ids;
  for (const SimilarBug& bug : bugs) ids.push_back(bug.id);
  return ids;
}

Bug MakeBug(const std::string& id, const std::string& cause, const std::vector<std::string>& tags) {
  Bug bug;
  bug.id = id, bug.title = "title of " + id, bug.symptom = "hang", bug.manifestation = "hang";
  bug.root_cause = cause, bug.evidence_tags = tags;
  return bug;
}

// A finding of class hang.mismatch, and bugs with the evidence "size" that it shows.
class SimilarTest : public ::testing::Test {
 protected:
  SimilarTest() {
    knowledge_.evidence = {{"size", "sizes differ", 1, {{"class:hang.mismatch", "field:count"}}},
                           {"order", "orders differ", 1, {{"class:hang.mismatch", "kind:swapped"}}},
                           {"maybe", "it may be", 0.5, {{"class:hang.mismatch"}}}};
    finding_.anomaly = "hang.mismatch", finding_.symptom = "hang";
    finding_.tokens = {"class:hang.mismatch", "field:count", "kind:changed"};
    finding_.root_causes = {{"likely", 0.6}};
    finding_.log = &log_;
  }
  // Among many others, because evidence that all bugs share tells nothing.
  std::vector<SimilarBug> Find() {
    Knowledge all = knowledge_;
    for (int i = 0; i < 60; ++i) all.bugs.push_back(MakeBug("unlike " + std::to_string(i), "likely", {}));
    return FindSimilarBugs(all, finding_);
  }

  Knowledge knowledge_;
  std::vector<LogMatch> log_;
  FindingEvidence finding_;
};

TEST_F(SimilarTest, SharedEvidenceIsNeededAndSaid) {
  knowledge_.bugs = {MakeBug("same", "likely", {"size"}), MakeBug("other order", "likely", {"order"}),
                     MakeBug("no evidence", "likely", {})};
  const std::vector<SimilarBug> found = Find();
  ASSERT_THAT(Ids(found), ElementsAre("same"));
  EXPECT_THAT(found[0].why, AllOf(HasSubstr("same evidence: sizes differ"),
                                  HasSubstr("root cause, likely, is a usual one")));
  EXPECT_EQ(found[0].title, "title of same");
}

TEST_F(SimilarTest, EvidenceOfAnotherSymptomDoesNotCount) {
  knowledge_.bugs = {MakeBug("a", "likely", {"size"})};
  knowledge_.bugs[0].symptom = "build_failure", knowledge_.bugs[0].manifestation = "build_failure";
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(SimilarTest, RarerEvidenceAndALikelyCauseComeFirst) {
  knowledge_.evidence[1].alternatives = {{"class:hang.mismatch"}};  // shown too
  knowledge_.bugs = {MakeBug("common", "unlikely", {"size"}),
                     MakeBug("common and likely", "likely", {"size"}), MakeBug("rare", "likely", {"order"})};
  EXPECT_THAT(Ids(Find()), ElementsAre("rare", "common and likely", "common"));
}

TEST_F(SimilarTest, EvidenceThatMerelyFitsIsNotEnoughAlone) {
  knowledge_.bugs = {MakeBug("a", "unlikely", {"maybe"}), MakeBug("b", "unlikely", {"maybe"})};
  EXPECT_THAT(Find(), IsEmpty());
  knowledge_.bugs[0].root_cause = "likely";
  EXPECT_THAT(Ids(Find()), ElementsAre("a"));
}

TEST_F(SimilarTest, AtMostThreeAndEqualsAreOrderedBySurenessThenFixDate) {
  for (const char* id : {"a", "b", "c", "d"}) {
    knowledge_.bugs.push_back(MakeBug(id, "likely", {"size"}));
    knowledge_.bugs.back().label_confidence = "medium";
  }
  knowledge_.bugs[1].fix_date = "2025-01-01", knowledge_.bugs[2].fix_date = "2026-01-01";
  knowledge_.bugs[3].label_confidence = "high";
  EXPECT_THAT(Ids(Find()), ElementsAre("d", "c", "b"));
}

TEST_F(SimilarTest, WhatTheyAreAboutOrdersBugsWithTheSameEvidence) {
  finding_.op = "ReduceScatter", finding_.communicator = "pp#1",
  finding_.programs = "python train_deepspeed.py";
  knowledge_.bugs = {MakeBug("plain", "likely", {"size"}), MakeBug("framework", "likely", {"size"}),
                     MakeBug("operation", "likely", {"size"}), MakeBug("role", "likely", {"size"})};
  knowledge_.bugs[0].evidence = "support of all_gather";  // "pp" is no word of it
  knowledge_.bugs[1].repo = "deepspeedai/DeepSpeed", knowledge_.bugs[1].title += " in a pipeline";
  knowledge_.bugs[2].evidence = "stops in reduce_scatter of stage 2";
  knowledge_.bugs[3].evidence = "all_reduce of pipeline stages";
  knowledge_.bugs[3].fix = "use reduce_scatter";  // what a fix uses was not what was wrong
  const std::vector<SimilarBug> found = Find();
  ASSERT_THAT(Ids(found), ElementsAre("operation", "framework", "role"));
  EXPECT_THAT(found[0].why, HasSubstr("it was about ReduceScatter too; it was about pipeline groups too"));
  EXPECT_THAT(found[1].why, HasSubstr("the job runs DeepSpeed"));
  EXPECT_THAT(found[2].why, Not(HasSubstr("ReduceScatter")));
}

TEST_F(SimilarTest, ASentenceInTheLogMeetsABugWhateverItsTags) {
  knowledge_.bugs = {MakeBug("a", "unlikely", {})};
  knowledge_.bugs[0].signature = "quorum lost in zone", knowledge_.bugs[0].symptom = "crash";
  EXPECT_THAT(Find(), IsEmpty());
  log_ = {{"out/node1.log", 12, "quorum lost in zone", "", "", -1, 1, "E: quorum lost in zone 3"}};
  const std::vector<SimilarBug> found = Find();
  ASSERT_THAT(Ids(found), ElementsAre("a"));
  EXPECT_THAT(found[0].why, HasSubstr("its signature \"quorum lost in zone\" stands in node1.log:12"));
}

TEST_F(SimilarTest, ABareNameInTheLogMeetsNoBug) {
  knowledge_.bugs = {MakeBug("a", "likely", {})};
  knowledge_.bugs[0].signature = "init_device_mesh";
  log_ = {{"log.txt", 1, "init_device_mesh", "", "", -1, 1, "  File \"x.py\", line 7, in init_device_mesh"}};
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(SimilarTest, TheTextOfAFailureMeetsABugOfTheSameSymptom) {
  knowledge_.bugs = {MakeBug("a", "unlikely", {}), MakeBug("b", "unlikely", {})};
  knowledge_.bugs[0].signature = knowledge_.bugs[1].signature = "ShardError";
  knowledge_.bugs[1].symptom = "crash", knowledge_.bugs[1].manifestation = "crash";
  finding_.failures = {"C++ exception ShardError"};
  const std::vector<SimilarBug> found = Find();
  ASSERT_THAT(Ids(found), ElementsAre("a"));
  EXPECT_THAT(found[0].why, HasSubstr("\"ShardError\" is what failed: C++ exception ShardError"));
}

TEST_F(SimilarTest, WhatManyFaultsLeadToInALogMeetsNoBug) {
  knowledge_.bugs = {MakeBug("a", "likely", {}), MakeBug("b", "likely", {})};
  knowledge_.bugs[0].signature = "Watchdog caught it", knowledge_.bugs[1].signature = "said of a class";
  knowledge_.bugs[1].signature_origin = "generic_for_class";
  log_ = {{"log.txt", 1, "Watchdog caught it", "w", "consequence", -1, 1, ""},
          {"log.txt", 2, "said of a class", "", "", -1, 1, ""}};
  EXPECT_THAT(Find(), IsEmpty());
}

// With the built-in bugs.

std::vector<std::string> SimilarTo(const Report& report, const std::string& anomaly) {
  EXPECT_EQ(report.verdict.anomaly, anomaly) << report.verdict.summary;
  return report.findings.empty() ? std::vector<std::string>{} : Ids(report.findings[0].similar_bugs);
}

TEST(SimilarBugsOfAJob, RankThatNeverEnters) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.ObservedUntil(20);
  const Report report = Diagnose(j.job);
  ASSERT_THAT(SimilarTo(report, "hang.not_entered"), Not(IsEmpty()));
  const Knowledge knowledge = *LoadBuiltIn();
  for (const SimilarBug& similar : report.findings[0].similar_bugs) {
    EXPECT_THAT(similar.why, HasSubstr("a rank is missing at one operation"));
    for (const Bug& bug : knowledge.bugs) {
      if (bug.id != similar.id) continue;
      EXPECT_THAT(bug.evidence_tags, ::testing::Contains("rank_missing_at_seq"));
    }
  }
  // The rule names it as its example.
  EXPECT_EQ(report.findings[0].similar_bugs[0].id, "deepspeedai/DeepSpeed#7580");
}

TEST(SimilarBugsOfAJob, SizesThatDiffer) {
  DdpJob j(4);
  for (int r = 0; r < 4; ++r)
    j.job.Add({.rank = r, .communicator = j.dp, .entered = 2.5, .count = r == 0 ? 99u : 100u, .step = 21});
  j.job.ObservedUntil(20);
  // The three hangs of the corpus whose ranks gave different sizes to one collective.
  EXPECT_THAT(SimilarTo(Diagnose(j.job), "hang.mismatch"),
              UnorderedElementsAre("deepspeedai/DeepSpeed#5117", "NVIDIA/Megatron-LM#3401",
                                   "NVIDIA/Megatron-LM#2218"));
}

TEST(SimilarBugsOfAJob, NeighboursThatBothSendFirst) {
  JobBuilder job(2);
  const int pp = job.Communicator("pp", {0, 1});
  job.Steps(pp, 1, 20);
  for (int r : {0, 1}) {
    job.Add({.rank = r, .communicator = pp, .api = "ncclSend", .entered = 2.5, .peer = 1 - r});
    job.Add({.rank = r, .communicator = pp, .api = "ncclRecv", .entered = 2.51, .peer = 1 - r});
  }
  job.ObservedUntil(20);
  const std::vector<std::string> similar = SimilarTo(Diagnose(job), "hang.deadlock");
  ASSERT_THAT(similar, Not(IsEmpty()));
  EXPECT_EQ(similar[0], "hpcaitech/ColossalAI#5214");  // interleaved pipeline: both neighbours send first
}

TEST(SimilarBugsOfAJob, CreationThatDoesNotComplete) {
  JobBuilder job(4);
  const int world = job.Communicator("world", {0, 1, 2, 3});
  for (int r : {0, 1, 3}) job.Creating(world, r, 0.5);
  job.NotCreatedBy(world, 2).ObservedUntil(20);
  const Report report = Diagnose(job);
  ASSERT_THAT(SimilarTo(report, "hang.init"), Not(IsEmpty()));
  for (const SimilarBug& similar : report.findings[0].similar_bugs)
    EXPECT_THAT(similar.why, HasSubstr("before its groups exist"));
}

TEST(SimilarBugsOfAJob, BusErrorResemblesTheTooSmallSharedMemory) {
  JobBuilder job(2);
  const int world = job.Communicator("world", {0, 1});
  job.Creating(world, 0, 0.5).Creating(world, 1, 0.5).Killed(1, 0.6, 7).ObservedUntil(5);
  EXPECT_THAT(SimilarTo(Diagnose(job), "crash.process"), ElementsAre("NVIDIA/nccl#983"));
}

TEST(SimilarBugsOfAJob, SystemErrorWhileCommunicatorsAreCreatedResemblesTheContainerWithoutSharedIpc) {
  JobBuilder job(2);
  const int world = job.Communicator("world", {0, 1});
  job.Creating(world, 0, 0.5).NotCreatedBy(world, 1);
  job.FailedCall(1, 0.6, "ncclCommInitRank", 2).Exited(1, 0.7, 1).ObservedUntil(5);
  EXPECT_THAT(SimilarTo(Diagnose(job), "crash.nccl"), ElementsAre("NVIDIA/nccl#473"));
}

TEST(SimilarBugsOfAJob, MemoryThatRunsOutAfterManySteps) {
  DdpJob j(4);
  j.job.FailedCall(1, 2.4, "cudaMalloc", 2).Exited(1, 2.5, 1);
  for (int r : {0, 2, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  const Report report = Diagnose(j.job);
  ASSERT_THAT(SimilarTo(report, "crash.oom"), Not(IsEmpty()));
  for (const SimilarBug& similar : report.findings[0].similar_bugs)
    EXPECT_THAT(similar.why, HasSubstr("only after many operations that had fitted"));
}

TEST(SimilarBugsOfAJob, MemoryThatRunsOutBeforeTheFirstStep) {
  JobBuilder job(4);
  Enter(job, job.Communicator("dp", {0, 1, 2, 3}), 0.5, {0, 2, 3});
  job.FailedCall(1, 0.4, "cudaMalloc", 2).Exited(1, 0.5, 1).ObservedUntil(5);
  // The one bug of the corpus that runs out of memory while it loads.
  EXPECT_THAT(SimilarTo(Diagnose(job), "crash.oom"), ElementsAre("NVIDIA/Megatron-LM#4451"));
}

TEST(SimilarBugsOfAJob, NothingInCommonMeansNone) {
  DdpJob j(4);
  Enter(j.job, j.dp, 2.5, {0, 1, 3});
  j.job.Killed(2, 2.45, 9).ObservedUntil(20);  // killed while it trained: as from anything
  const Report report = Diagnose(j.job);
  EXPECT_THAT(SimilarTo(report, "crash.process"), IsEmpty());
}

class SimilarBugsByLog : public ::testing::Test {
 protected:
  SimilarBugsByLog() : log_(std::filesystem::path(::testing::TempDir()) / "similar_test.log") {}
  ~SimilarBugsByLog() override { std::filesystem::remove(log_); }
  // A rank exits with code 1 after 20 steps, and the job's log holds `line`.
  Report Crash(const std::string& line) {
    std::ofstream(log_) << "step 1\n" << line << "\n";
    DdpJob j(4);
    j.job.Exited(1, 2.4, 1);
    for (int r : {0, 2, 3}) j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
    auto report = AnalyzeStore(j.job.Build(), {}, {log_});
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
  }
  std::filesystem::path log_;
};

TEST_F(SimilarBugsByLog, ATellingLineFindsItsBug) {
  const Report report = Crash("KeyError: 'PDSH_SSH_ARGS_APPEND'");
  ASSERT_THAT(SimilarTo(report, "crash.process"), ElementsAre("deepspeedai/DeepSpeed#5318"));
  EXPECT_THAT(report.findings[0].similar_bugs[0].why, HasSubstr("stands in similar_test.log:2"));
}

TEST_F(SimilarBugsByLog, WhatAnyPythonProgramMaySayFindsNone) {
  EXPECT_THAT(SimilarTo(Crash("TypeError: 'NoneType' object is not subscriptable"), "crash.process"),
              IsEmpty());
}

TEST_F(SimilarBugsByLog, ALineThatFollowsFromManyFaultsFindsNone) {
  EXPECT_THAT(
      SimilarTo(Crash("[rank1] Watchdog caught collective operation timeout: WorkNCCL("), "crash.process"),
      IsEmpty());
}

}  // namespace
}  // namespace rankle::taxonomy
