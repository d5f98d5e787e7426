// The page as a whole: which sections a verdict has, that nothing of a job can become markup, and its size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <regex>

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/verdict_section.h"
#include "analyzer/report/report.h"
#include "analyzer/rules/rule.h"
#include "analyzer/testing/diagnose.h"
#include "tracer/transport/format.h"
#include "tracer/transport/histogram.h"

namespace rankle {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> SectionsOf(const std::string& html) {
  static const std::regex id("<section id=\"([a-z]+)\"");
  std::vector<std::string> ids;
  for (std::sregex_iterator it(html.begin(), html.end(), id), end; it != end; ++it) ids.push_back((*it)[1]);
  return ids;
}

// Not HasSubstr, which would print the whole page.
::testing::AssertionResult Has(const std::string& html, const std::string& what) {
  if (html.find(what) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "not in the page: " << what;
}

size_t Occurrences(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

testing::JobBuilder Hang(int ranks, const std::string& communicator) {
  testing::JobBuilder job(ranks);
  std::vector<int> all, most;
  for (int r = 0; r < ranks; ++r) {
    all.push_back(r);
    if (r != ranks / 3) most.push_back(r);
  }
  const int dp = job.Communicator(communicator, all);
  job.Steps(dp, 1, 20);
  testing::Enter(job, dp, 2.5, most);
  job.ObservedUntil(20);
  return job;
}

TEST(PageTest, AHangHasItsSectionsInOrder) {
  const std::string html = RenderHtml(testing::Diagnose(Hang(6, "dp")));
  EXPECT_THAT(SectionsOf(html), ElementsAre("verdict", "time", "chain", "waits", "lateness", "evidence",
                                            "causes", "bugs", "quality"));
  EXPECT_TRUE(Has(html, "<code>hang.not_entered</code>"));
  EXPECT_TRUE(Has(html, "<span class=\"chip culprit\">rank 2</span>"));
  EXPECT_TRUE(Has(html, "held up: ranks 0, 1, 3-5"));
  EXPECT_TRUE(Has(html, "data-lanes=\"6\""));
  EXPECT_TRUE(Has(html, "prefers-color-scheme: dark"));
  EXPECT_TRUE(Has(html, "class=\"bad\""));
  for (const std::string& section : SectionsOf(html)) {
    EXPECT_EQ(Occurrences(html, absl::StrCat("href=\"#", section, "\"")), section == "verdict" ? 0u : 1u)
        << section;
  }
}

TEST(PageTest, AHealthyJobShowsWhatIsUsualAndNoCulprits) {
  testing::DdpJob ddp(4);
  const std::string html = RenderHtml(testing::Diagnose(ddp.job));
  EXPECT_THAT(SectionsOf(html), ElementsAre("verdict", "time", "lateness", "quality"));
  EXPECT_TRUE(Has(html, "class=\"ok\""));
  EXPECT_FALSE(Has(html, "chip culprit"));
  EXPECT_FALSE(Has(html, "What to do"));
}

TEST(PageTest, AnUnknownVerdictSaysWhatIsMissing) {
  testing::JobBuilder job = Hang(4, "dp");
  job.WithoutRecord(1);
  const Report report = testing::Diagnose(job);
  ASSERT_EQ(report.verdict.anomaly, "unknown");
  const std::string html = RenderHtml(report);
  EXPECT_TRUE(Has(html, "class=\"unsure\""));
  EXPECT_TRUE(Has(html, "ranks without a record</td><td>rank 1</td>"));
}

TEST(PageTest, AJobWithoutCollectivesIsAPageOfVerdictAndDataQuality) {
  testing::JobBuilder job(4);
  job.ObservedUntil(3);
  EXPECT_THAT(SectionsOf(RenderHtml(testing::Diagnose(job))), ElementsAre("verdict", "quality"));
}

TEST(PageTest, AReportWithoutAJobShowsItsTexts) {
  Report report;
  report.verdict.anomaly = "crash.cuda", report.verdict.summary = "rank 1: cudaMalloc failed";
  report.findings.push_back({});
  report.findings[0].evidence = {"it was seen"};
  report.causal_chain.push_back({1.5, 1, "cudaMalloc failed"});
  const std::string html = RenderHtml(report);
  EXPECT_THAT(SectionsOf(html), ElementsAre("verdict", "chain", "evidence", "quality"));
  EXPECT_TRUE(Has(html, "it was seen"));
}

// All to all on steps of 200 us, but 40 -> 9 takes 2 ms; 400 steps a link.
store::Store SlowLink(int ranks) {
  testing::JobBuilder job(ranks);
  std::vector<int> all(ranks);
  std::iota(all.begin(), all.end(), 0);
  job.Steps(job.Communicator("ep", all), 1, 30);
  store::Store store = job.Build();
  for (int32_t i = 0; i < ranks; ++i) {
    for (int32_t j = 0; j < ranks; ++j) {
      if (i == j) continue;
      store::Transfer transfer;
      transfer.communicator = 0, transfer.source = i, transfer.destination = j;
      transfer.has_source = transfer.has_destination = true;
      transfer.posted = transfer.sent = transfer.expected = transfer.received = 400;
      transfer.last_sent = store.observed_until;
      store::Transfer::Times& times = transfer.life.emplace_back();
      times.end = store.observed_until;
      times.counts.resize(transport::kBuckets);
      times.counts[transport::BucketOf(i == 40 && j == 9 ? 2'000'000 : 200'000)] = 400;
      store.transfers.push_back(std::move(transfer));
    }
  }
  return store;
}

TEST(PageTest, TheMatrixOfManyRanksIsCondensedAndStillShowsOneSlowLink) {
  const auto report = AnalyzeStore(SlowLink(64), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict.links, (std::vector<Link>{{40, 9}}));
  const std::string html = RenderHtml(*report);
  EXPECT_TRUE(Has(html, "data-grid=\"measured\" data-rows=\"32\" data-columns=\"32\""));
  EXPECT_TRUE(Has(html, "40 → 9: 10× normal, measured "));
  EXPECT_EQ(Occurrences(html, "class=\"outline\""), 2u);  // measured, and left over
  EXPECT_TRUE(Has(html, "<td>link 40 → 9</td>"));
  EXPECT_LT(html.size(), 500'000u);
}

TEST(PageTest, AHangInsideShowsOnWhichLinkTheTransferStands) {
  testing::DdpJob ddp(4);
  testing::Enter(ddp.job, ddp.dp, 2.5, {0, 1, 2, 3});
  ddp.job.ObservedUntil(20);
  store::Store store = ddp.job.Build();
  for (int32_t source = 0; source < 4; ++source) {
    store::Transfer t;
    t.communicator = 0, t.source = source, t.destination = (source + 1) % 4;
    t.has_source = t.has_destination = true;
    t.posted = t.expected = 300, t.sent = t.received = source == 1 ? 297 : 300;
    if (source == 1) t.moving = 2, t.moving_since = 2'600'000'000;
    store.transfers.push_back(t);
  }
  const auto report = AnalyzeStore(std::move(store), {});
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->verdict.anomaly, "hang.in_collective");
  const std::string html = RenderHtml(*report);
  EXPECT_TRUE(Has(html, "data-grid=\"standing\" data-rows=\"4\" data-columns=\"4\""));
  EXPECT_TRUE(
      Has(html, "data-values=\"no traffic|no traffic|steps: 300 begun, 297 sent, 297 received|no traffic\""));
  EXPECT_TRUE(Has(html, "class=\"num on-h7\" text-anchor=\"middle\">3</text>"));
  EXPECT_EQ(Occurrences(html, "class=\"num on-h7\""), 1u);
}

TEST(PageTest, EveryClassIsSaidInWords) {
  for (const char* anomaly : rules::Classes()) EXPECT_NE(html::ClassInWords(anomaly), anomaly);
}

TEST(PageTest, HostileNamesStayText) {
  const std::string hostile = "</script></title><img src=x onerror=alert(1)>\"'><script>alert(2)</script>";
  Report report = testing::Diagnose(Hang(40, "<script>\"'&"));
  ASSERT_EQ(report.verdict.anomaly, "hang.not_entered");
  report.verdict.summary = report.verdict.anomaly = hostile;
  report.verdict.hosts = {hostile};
  report.causal_chain.push_back({1, 0, hostile});
  report.problems = {hostile};
  ReportedFinding& top = report.findings.front();
  top.evidence.push_back(hostile), top.look_alikes.push_back(hostile);
  top.rule = top.severity = top.op = top.communicator = top.advice = top.anomaly = hostile;
  top.root_causes.emplace_back(hostile, 0.5);
  top.similar_bugs.push_back({hostile, hostile, hostile, hostile});
  const std::string html = RenderHtml(report);
  EXPECT_EQ(Occurrences(html, "<script>"), 1u);  // the page's own
  EXPECT_EQ(Occurrences(html, "</script>"), 1u);
  EXPECT_EQ(Occurrences(html, "<img"), 0u);
  EXPECT_EQ(Occurrences(html, "</title>"), Occurrences(html, "<title>"));
  EXPECT_TRUE(Has(html, "&lt;img src=x onerror=alert(1)&gt;"));
}

TEST(PageTest, NothingIsFetched) {
  const std::string html = RenderHtml(testing::Diagnose(Hang(40, "dp")));
  for (const char* reference :
       {"src=", "<link", "@import", "url(h", "url(d", "http:", "https:", "<iframe", "fetch("})
    EXPECT_FALSE(Has(html, reference)) << reference;
  EXPECT_TRUE(Has(html, "default-src 'none'"));
}

TEST(PageTest, ItsSizeIsBoundedHoweverMuchTheReportSays) {
  Report report = testing::Diagnose(Hang(1024, std::string(200, '<')));
  const ReportedFinding finding = report.findings.front();
  for (int i = 0; i < 60; ++i) {
    report.findings.push_back(finding);
    report.findings.back().evidence.assign(60, std::string(5'000, '&'));
    report.problems.push_back(std::string(5'000, '"'));
  }
  report.findings.front().root_causes.assign(60, {std::string(5'000, '<'), 0.5});
  report.findings.front().similar_bugs.assign(60,
                                              {"id", std::string(5'000, '<'), std::string(5'000, '<'), ""});
  report.causal_chain.assign(60, {1, 0, std::string(5'000, '<')});
  report.verdict.hosts.assign(60, std::string(5'000, '<'));
  report.verdict.summary = std::string(50'000, '<');
  // Lists and texts are bounded one by one; all at their bounds, in the characters that escape to the most.
  const size_t size = RenderHtml(report).size();
  RecordProperty("bytes", static_cast<int>(size));
  EXPECT_LT(size, 5'000'000u);
}

}  // namespace
}  // namespace rankle
