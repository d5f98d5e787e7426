// Where misuse stands in a verdict: alone it is one; beside an anomaly it is evidence on those who did it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/analyze.h"
#include "analyzer/testing/job_builder.h"
#include "injector/api/api.h"

namespace rankle {
namespace {

using store::MisuseKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::JobBuilder;
using ::testing::Not;

store::Misuse WaitInGroup(int32_t rank, double at_s) {
  return {.kind = MisuseKind::kBlockedInGroup,
          .rank = rank,
          .process = rank,
          .communicator = 0,
          .api = api::FindApi("cudaStreamSynchronize")->id,
          .seq = 21,
          .operation = api::FindApi("ncclAllReduce")->id,
          .time = static_cast<int64_t>(at_s * 1e9),
          .count = 1};
}

Report Analyzed(store::Store store) {
  auto report = AnalyzeStore(std::move(store), {});
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

// Four ranks, 20 steps; rank 2 does not come to the next reduction.
store::Store HangingJob() {
  JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  job.Steps(dp, 1, 20);
  for (int rank : {0, 1, 3}) job.Add({.rank = rank, .communicator = dp, .entered = 2.5});
  job.ObservedUntil(20);
  return job.Build();
}

TEST(MisuseVerdict, OfTheCulpritIsEvidenceBesideTheHang) {
  store::Store store = HangingJob();
  store.misuses = {WaitInGroup(2, 2.3)};
  const Report report = Analyzed(std::move(store));
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.findings.front().evidence,
              Contains(HasSubstr("misuse: rank 2 called cudaStreamSynchronize inside a group")));
  EXPECT_EQ(report.findings.back().anomaly, "misuse");
}

TEST(MisuseVerdict, OfAnotherRankOrLaterIsNoEvidence) {
  for (const store::Misuse& misuse : {WaitInGroup(1, 2.3), WaitInGroup(2, 9)}) {
    store::Store store = HangingJob();
    store.misuses = {misuse};
    const Report report = Analyzed(std::move(store));
    EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
    EXPECT_THAT(report.findings.front().evidence, Not(Contains(HasSubstr("misuse"))));
  }
}

TEST(MisuseVerdict, WithoutAnythingElseIsTheVerdict) {
  JobBuilder job(2);
  job.Steps(job.Communicator("dp", {0, 1}), 1, 20);
  job.Exited(0, 3).Exited(1, 3);
  store::Store store = job.Build();
  store.misuses = {WaitInGroup(1, 1)};
  const Report report = Analyzed(std::move(store));
  EXPECT_EQ(report.verdict.anomaly, "misuse");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

}  // namespace
}  // namespace rankle
