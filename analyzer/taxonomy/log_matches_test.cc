// Signatures in log lines: what is found, where, and what must not be.
#include "analyzer/taxonomy/log_matches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "analyzer/taxonomy/job_logs.h"
#include "analyzer/taxonomy/load.h"

namespace rankle::taxonomy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TextMatcherTest, FindsOverlappingTextsInOnePass) {
  const TextMatcher matcher({"he said", "said she", "she", "", "NCCL WARN"});
  EXPECT_THAT(matcher.Find("he said she said"), ElementsAre(0, 1, 2));
  EXPECT_THAT(matcher.Find("node:1 NCCL WARN x"), ElementsAre(4));
  EXPECT_THAT(matcher.Find(""), IsEmpty());
  EXPECT_THAT(TextMatcher({}).Find("anything"), IsEmpty());
}

TEST(TextMatcherTest, FindsATextThatEndsInsideALongerOne) {
  const TextMatcher matcher({"a b c d", "b c", "c"});
  EXPECT_THAT(matcher.Find("a b c x"), ElementsAre(1, 2));
  EXPECT_THAT(matcher.Find("a b c d"), ElementsAre(0, 1, 2));
}

TEST(TextMatcherTest, FindsWholeWordsOnly) {
  const TextMatcher matcher({"ncclCommAbort", "nan"});
  EXPECT_THAT(matcher.Find("in ncclCommAbort()"), ElementsAre(0));
  EXPECT_THAT(matcher.Find("pncclCommAbort ncclCommAborted finance"), IsEmpty());
}

std::vector<LogMatch> Scan(const std::string& text) {
  const auto knowledge = LoadBuiltIn();
  EXPECT_TRUE(knowledge.ok()) << knowledge.status();
  std::vector<LogMatch> matches;
  LogScanner(*knowledge).Scan("out/log.txt", text, 1, matches);
  return matches;
}

TEST(LogScannerTest, NamesSignatureLineAndRank) {
  const std::vector<LogMatch> matches = Scan(
      "step 1 loss 4.1\n"
      "[rank7]:[E123] [Rank 7] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=241, "
      "OpType=ALLREDUCE)\n"
      "node1:77:99 [0] transport/net_ib.cc:1296 NCCL WARN NET/IB : Got completion from peer 10.2.0.5<33092> "
      "with "
      "error 12, opcode 0, len 0, vendor err 129 (Recv)\n");
  ASSERT_THAT(matches, SizeIs(3));
  EXPECT_EQ(matches[0].id, "torch_watchdog_timeout");
  EXPECT_EQ(matches[0].role, "consequence");
  EXPECT_EQ(matches[0].line, 2);
  EXPECT_EQ(matches[0].rank, 7);
  EXPECT_EQ(matches[1].id, "nccl_warn");
  EXPECT_EQ(matches[1].rank, -1);
  EXPECT_EQ(matches[2].id, "nccl_ib_completion");
  EXPECT_EQ(matches[2].line, 3);
}

TEST(LogScannerTest, FindsTheSignatureOfABug) {
  const std::vector<LogMatch> matches = Scan("KeyError: 'PDSH_SSH_ARGS_APPEND'\n");
  ASSERT_THAT(matches, SizeIs(1));
  EXPECT_EQ(matches[0].signature, "KeyError: 'PDSH_SSH_ARGS_APPEND'");
  EXPECT_EQ(matches[0].id, "");
}

// "nan", "KeyError", "BUFSIZE" and the like are signatures of bugs too, and stand in healthy logs.
TEST(LogScannerTest, GeneralWordsAreNotLookedFor) {
  EXPECT_THAT(Scan("grad norm nan handled\nKeyError was caught\nBUFSIZE 4096\nAssertionError\n"), IsEmpty());
}

TEST(LogScannerTest, RepeatedLinesOfARankCountOnce) {
  const std::vector<LogMatch> matches =
      Scan("[Rank 1] NCCL WARN a\n[Rank 1] NCCL WARN b\n[Rank 2] NCCL WARN c\n[Rank 1] NCCL WARN d\n");
  ASSERT_THAT(matches, SizeIs(2));
  EXPECT_EQ(matches[0].count, 3);
  EXPECT_EQ(matches[1].count, 1);
}

// Lines of rankle tell what was injected; a diagnosis that read them would know the answer.
TEST(LogScannerTest, LinesOfRankleItselfAreNotEvidence) {
  EXPECT_THAT(Scan("rankle: fault: CUDA out of memory\n"), IsEmpty());
}

TEST(LogMatchesTable, ShowsWhatIsNotKnownAsNull) {
  auto database = store::Database::Open();
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE(
      AddLogMatches({{"a.log", 3, "NCCL WARN", "nccl_warn", "ambiguous", 2, 5, "[Rank 2] NCCL WARN x"},
                     {"a.log", 0, "quorum lost in zone", "", "", -1, 1, "quorum lost in zone 3"}},
                    *database)
          .ok());
  const auto query = [&](const char* sql) { return database->Query(sql)->rows[0][0]; };
  EXPECT_EQ(query("SELECT line * 100 + rank * 10 + count FROM log_matches WHERE id = 'nccl_warn'"),
            store::Value{int64_t{325}});
  EXPECT_EQ(query("SELECT count(*) FROM log_matches WHERE line IS NULL AND rank IS NULL AND id IS NULL AND "
                  "role IS NULL"),
            store::Value{int64_t{1}});
}

class JobLogsTest : public ::testing::Test {
 protected:
  JobLogsTest() : directory_(std::filesystem::path(::testing::TempDir()) / "job_logs_test") {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~JobLogsTest() override { std::filesystem::remove_all(directory_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  std::filesystem::path directory_;
};

TEST_F(JobLogsTest, LogsOfADirectoryAndNamedOnesAreFound) {
  const std::string a = Write("a.log", ""), b = Write("log.txt", "");
  Write("notes.txt", ""), Write("flight-0.rkl", "");
  EXPECT_THAT(FindJobLogs({directory_}), ElementsAre(a, b));
  EXPECT_THAT(FindJobLogs({a, directory_ / "notes.txt"}), ElementsAre(a));
}

TEST_F(JobLogsTest, BothEndsOfAVeryLongLogAreRead) {
  const std::string filler(1000, 'x');
  std::string text = "NCCL WARN first\n";
  while (text.size() < (33u << 20)) text += filler + "\n";
  const std::string log = Write("a.log", text + "CUDA out of memory\n");
  std::vector<std::string> notes;
  const auto knowledge = LoadBuiltIn();
  ASSERT_TRUE(knowledge.ok());
  const std::vector<LogMatch> matches = ScanJobLogs({log}, *knowledge, notes);
  ASSERT_THAT(matches, SizeIs(2));
  EXPECT_EQ(matches[0].id, "nccl_warn");
  EXPECT_EQ(matches[1].id, "cuda_oom");
  EXPECT_EQ(matches[1].line, 0);  // not known: what lies between was not read
  EXPECT_THAT(notes,
              ElementsAre(HasSubstr("a.log: of 33 MiB of log only the first and the last 16 were searched")));
}

TEST_F(JobLogsTest, ALogThatCannotBeReadIsSaid) {
  std::vector<std::string> notes;
  const auto knowledge = LoadBuiltIn();
  ASSERT_TRUE(knowledge.ok());
  EXPECT_THAT(ScanJobLogs({directory_ / "absent.log"}, *knowledge, notes), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("absent.log: the log cannot be read")));
}

}  // namespace
}  // namespace rankle::taxonomy
