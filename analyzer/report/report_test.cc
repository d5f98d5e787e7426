// Renderings of a report.
#include "analyzer/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_split.h"
#include "analyzer/analyze.h"
#include "analyzer/testing/job_builder.h"

namespace rankle {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

Report HangReport(const std::string& communicator) {
  testing::JobBuilder job(4);
  const int dp = job.Communicator(communicator, {0, 1, 2, 3});
  job.Steps(dp, 1, 20);
  for (int rank : {0, 1, 3}) job.Add({.rank = rank, .communicator = dp, .entered = 2.5});
  job.ObservedUntil(20);
  return *AnalyzeStore(job.Build(), {});
}

TEST(ReportTest, JsonHasEveryKeyOfTheContract) {
  const json report = json::parse(RenderJson(HangReport("dp")));
  EXPECT_EQ(report["schema"], "rankle.report/1");
  for (const char* key : {"class", "confidence", "culprits", "victims", "summary"})
    EXPECT_TRUE(report["verdict"].contains(key)) << key;
  for (const char* key : {"ranks", "links", "hosts"})
    EXPECT_TRUE(report["verdict"]["culprits"][key].is_array()) << key;
  EXPECT_EQ(report["verdict"]["culprits"]["ranks"], json({2}));
  EXPECT_EQ(report["verdict"]["victims"]["ranks"], json({0, 1, 3}));
  ASSERT_EQ(report["findings"].size(), 1u);
  for (const char* key :
       {"rule", "class", "severity", "confidence", "ranks", "links", "hosts", "communicator", "op", "seq",
        "since_s", "evidence", "taxonomy", "similar_bugs", "advice"}) {
    EXPECT_TRUE(report["findings"][0].contains(key)) << key;
  }
  EXPECT_EQ(report["findings"][0]["op"], "AllReduce");
  EXPECT_EQ(report["findings"][0]["seq"], 21);
  EXPECT_EQ(report["findings"][0]["taxonomy"]["symptom"], "hang");
  for (const char* key : {"ranks", "hosts", "communicators", "collectives", "duration_s", "sources"})
    EXPECT_TRUE(report["job"].contains(key)) << key;
  for (const char* key : {"missing_ranks", "dropped_records", "malformed", "clock_uncertainty_us"}) {
    EXPECT_TRUE(report["data_quality"].contains(key)) << key;
  }
  for (const json& link : report["causal_chain"]) {
    EXPECT_TRUE(link["t_s"].is_number() && link["rank"].is_number() && link["event"].is_string());
  }
  EXPECT_EQ(report["job"]["collectives"], 21);
}

TEST(ReportTest, TextBeginsWithTheVerdictAndFitsEightyColumns) {
  const std::string text = RenderText(HangReport("dp"));
  EXPECT_THAT(text, ::testing::StartsWith("hang.not_entered  rank 2"));
  for (absl::string_view line : absl::StrSplit(text, '\n')) EXPECT_LE(line.size(), 80u) << line;
}

TEST(ReportTest, JunitFailsForAnAnomalyAndPassesForAHealthyJob) {
  EXPECT_THAT(RenderJunit(HangReport("dp")), HasSubstr("<failure type=\"hang.not_entered\""));
  Report healthy;
  healthy.verdict.anomaly = "healthy";
  EXPECT_THAT(RenderJunit(healthy), Not(HasSubstr("<failure")));
}

TEST(ReportTest, NamesFromTheJobCannotBreakOutOfJunit) {
  const Report report = HangReport("<script>&\"'");
  const std::string text = RenderJunit(report);
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
  EXPECT_THAT(text, HasSubstr("&lt;script&gt;"));
}

}  // namespace
}  // namespace rankle
