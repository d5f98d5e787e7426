// RAS's answers in text, as NCCL 2.24 to 2.30 write them.
#include "analyzer/import/ras/ras_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/analyze.h"
#include "analyzer/testing/nccl_tools.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::RasStatus;
using rankle::testing::RasStatusText;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kDead[] =
    "DEAD\n  1 job process is considered dead (unreachable via the RAS network)\n"
    "  Process 103 on node 10.0.0.1 managing GPU 3\n\n";

RasRecords Read(const std::string& text) {
  RasRecords records;
  RasText reader("ras.txt", records);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) reader.TakeLine({line.data(), line.size()});
  reader.Finish();
  return records;
}

Report Analyzed(const std::string& text) {
  const fs::path file = fs::path(::testing::TempDir()) / absl::StrCat("ras-text-", getpid());
  std::ofstream(file) << text;
  auto report = Analyze({file.string()}, {});
  fs::remove(file);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *std::move(report) : Report{};
}

TEST(RasTextTest, ADeadProcessIsTheOneMissingRank) {
  for (const char* missing :
       {"  The missing rank: 2\n", "  Rank 2 -- GPU 3 managed by process 103 on node 10.0.0.1\n"}) {
    const Report report = Analyzed(RasStatusText(absl::StrCat(kDead,
                                                              "#0-0 (cf264af53edbe986) INCOMPLETE\n"
                                                              "  Missing communicator data from 1 rank\n",
                                                              missing)));
    EXPECT_EQ(report.verdict.anomaly, "crash.process");
    EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
    EXPECT_THAT(report.verdict.hosts, ElementsAre("10.0.0.1"));
    EXPECT_EQ(report.job.ranks, 4);
    for (const std::string& note : report.data_quality.notes)
      EXPECT_THAT(note, Not(HasSubstr("not understood")));
  }
}

TEST(RasTextTest, ErrorsOfRanksAreTaken) {
  const Report report = Analyzed(
      RasStatusText("#0-0 (cf264af53edbe986) ERROR\n  Asynchronous errors on 3 ranks\n  2 ranks reported "
                    "Remote process error\n"
                    "  Rank 0 -- GPU 0 managed by process 100 on node 10.0.0.1\n"
                    "  Rank 3 -- GPU 3 managed by process 103 on node 10.0.0.1\n"
                    "  Rank 1 reported System error -- GPU 1 managed by process 101 on node 10.0.0.1\n"));
  EXPECT_EQ(report.verdict.anomaly, "crash.nccl");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(RasTextTest, DifferencesAreNoVerdict) {
  const Report report = Analyzed(RasStatusText(
      "",
      "#0-0 (27a079b828ff1a75) MISMATCH\n  Communicator ranks have different AllReduce operation counts\n"
      "  3 ranks have launched up to operation 6650\n"
      "  Rank 1 has launched up to operation 6649 -- GPU 1 managed by process 101 on node 10.0.0.1\n"));
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.findings.front().evidence,
              Contains(HasSubstr("0x27a079b828ff1a75: Rank 1 has launched up to operation 6649")));
}

TEST(RasTextTest, AJobWithoutRemarksIsUnknown) {
  const Report report = Analyzed(RasStatusText(""));
  EXPECT_EQ(report.verdict.anomaly, "unknown");  // stuck in a kernel looks like this
  EXPECT_EQ(report.job.ranks, 4);
}

TEST(RasTextTest, WhatIsNotUnderstoodIsCounted) {
  const RasRecords records =
      Read(RasStatusText("#0-0 (cf264af53edbe986) INCOMPLETE\n  The planets are in a line\n#7-0 (ab) ERROR\n "
                         " Rank 5 is well\n"));
  EXPECT_EQ(records.unread_lines, 3u);
  EXPECT_THAT(records.snapshots, ::testing::SizeIs(1));
  EXPECT_THAT(Read("no answer\n#0-0 (ab) ERROR\n").snapshots, IsEmpty());
}

TEST(RasTextTest, EventsOfTheMonitorAreTaken) {
  const RasRecords records = Read(
      "[2025-12-19 13:07:07] PEER_DEAD: Process 103 on node 10.0.0.1 managing GPU 1 \n[nonsense\n[a] b: c\n");
  ASSERT_EQ(records.events.size(), 1u);
  EXPECT_EQ(records.events[0].event, "PEER_DEAD");
  EXPECT_EQ(records.events[0].pid, 103);
  EXPECT_EQ(records.events[0].host, "10.0.0.1");
  EXPECT_EQ(records.events[0].time_s, RasSeconds("2025-12-19 13:07:07"));
}

TEST(RasTextTest, JsonTellsMoreAndIsPreferred) {
  const Report report = Analyzed(absl::StrCat(RasStatusText(""), RasStatus("13:06:53", {5, 4}),
                                              RasStatus("13:16:53", {5, 4}), RasStatusText("")));
  EXPECT_EQ(report.verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

}  // namespace
}  // namespace rankle::import
