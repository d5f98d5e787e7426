// What watchdogs say of their groups, to the verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/testing/log_files.h"

namespace rankle::import {
namespace {

using namespace rankle::testing;  // NOLINT: the words of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As Status() of log_files.h, of a rank that has another place in its group.
std::string Waits(int rank, const std::string& group, int place, int enqueued, int completed) {
  const std::string head = absl::StrCat("[rank", rank, "]:[E603 17:48:01.5 P.cpp:1] ");
  return absl::StrCat(head, "[Rank ", place,
                      "] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=", completed + 1,
                      ", OpType=ALLREDUCE, NumelIn=64, NumelOut=64, Timeout(ms)=600000) ran for ",
                      "600005 milliseconds before timing out.\n", head, "[PG ID 3 PG GUID ", group, " Rank ",
                      place, "] failure detected by watchdog at work sequence id: ", completed + 1,
                      " PG status: last enqueued work: ", enqueued, ", last completed work: ", completed,
                      "\n");
}

TEST_F(LogsTest, WhereFewerSpeakThanAGroupHasMembersNobodyIsKnownToHaveCome) {
  for (const std::string& log : {Waits(3, "2", 3, 9, 8), Waits(0, "2", 0, 9, 8),
                                 Waits(13, "119", 1, 220, 215) + Waits(15, "112", 0, 57, 56),
                                 Waits(2, "1", 2, 11, 5) + Waits(4, "1", 4, 11, 5)}) {
    const Report report = Analyze(log);
    EXPECT_EQ(report.verdict.anomaly, "unknown") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, IsEmpty());
    EXPECT_THAT(report.verdict.summary, HasSubstr("for ranks without a record"));
  }
}

TEST_F(LogsTest, AGroupOfWhichAllSpeakIsWhole) {
  const Report report = Analyze(Waits(12, "7", 0, 9, 8) + Waits(13, "7", 1, 9, 8));
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

// Only some name the operation that timed out; of the others a counter is known.
TEST_F(LogsTest, WhatIsOnlyCountedDisagreesWithNothing) {
  std::string log;
  for (int r : {0, 1, 3}) log += Status(r, "0(default_pg)", 57, 56);
  log +=
      "[rank2]:[E603 17:48:02.5 P.cpp:1] [PG ID 0 PG GUID 0(default_pg) Rank 2] Received a dump signal due "
      "to a "
      "collective timeout from  rank 0. Last enqueued NCCL work: 57, last completed NCCL work: 56.\n";
  const Report report = Analyze(log);
  EXPECT_EQ(report.verdict.anomaly, "hang.in_collective") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

}  // namespace
}  // namespace rankle::import
