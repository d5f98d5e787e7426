// Inspector files of made-up jobs: with and without times, with holes, with damage.
#include "analyzer/import/inspector/inspector_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/localize/skew.h"
#include "analyzer/testing/nccl_tools.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::InspectorLine;
using rankle::testing::InspectorText;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kStart = 1'752'867'229'000'000;
constexpr int kRanks = 4;

class InspectorTest : public ::testing::Test {
 protected:
  InspectorTest() : directory_(fs::path(::testing::TempDir()) / absl::StrCat("inspector-", getpid())) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~InspectorTest() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::app) << text;
  }
  // 40 all-reduces of one communicator; `change` may alter a record, and leaves it out by returning false.
  void WriteJob(const std::function<bool(InspectorText&)>& change, bool verbose = false) {
    for (int rank = 0; rank < kRanks; ++rank) {
      std::string text;
      for (int n = 0; n < 40; ++n) {
        InspectorText r;
        r.rank = rank, r.ranks = kRanks, r.number = n, r.pid = 1000 + rank, r.host = rank < 2 ? "a" : "b";
        r.dumped_us = kStart + 5'000'000 + n;
        // Everybody comes first and last by turns, 100 us apart.
        r.duration_us = 2000 + 100 * ((rank + n) % kRanks);
        if (verbose) r.ended_us = kStart + 100'000 * n;
        if (change(r)) text += InspectorLine(r);
      }
      Write(absl::StrCat("host-pid", 1000 + rank, ".log"), text);
    }
  }
  store::Store Read() {
    auto store = ImportPaths({directory_.string()});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : store::Store{};
  }
  Report Analyzed() {
    auto report = Analyze({directory_.string()}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    EXPECT_THAT(report->problems, IsEmpty());
    return *std::move(report);
  }

  fs::path directory_;
};

// The others are inside 20 ms, rank 2 only 2 ms.
bool Straggler(InspectorText& r) {
  r.duration_us += r.rank == 2 ? 0 : 18'000;
  return true;
}

TEST_F(InspectorTest, TheRankThatIsInsideForTheShortestTimeIsTheStraggler) {
  WriteJob(Straggler);
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "slow.compute");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.hosts, ElementsAre("b"));
  EXPECT_EQ(report.findings.front().rule, "slow/waited-for");
  EXPECT_NEAR(report.findings.front().effect_s, 0.018, 0.0005);
  EXPECT_LE(report.verdict.confidence, 0.85);
  ASSERT_EQ(report.inputs.size(), 1u);  // not read as text logs, too
  EXPECT_EQ(report.inputs.front().format, "nccl-inspector");
}

TEST_F(InspectorTest, RanksThatComeLastByTurnsAreHealthy) {
  WriteJob([](InspectorText&) { return true; });
  EXPECT_EQ(Analyzed().verdict.anomaly, "healthy");
}

TEST_F(InspectorTest, LargeButChangingSkewNamesNobody) {
  WriteJob([](InspectorText& r) {
    r.duration_us += (r.rank * 7 + r.number * 5) % 11 * 5000;
    return true;
  });
  EXPECT_EQ(Analyzed().verdict.anomaly, "healthy");
}

// A ring that was overwritten: each rank lacks other records, and the straggler is still found by number.
TEST_F(InspectorTest, RecordsAreMatchedByNumberNotByPlace) {
  WriteJob([](InspectorText& r) { return Straggler(r) && r.number % 5 != r.rank; });
  const store::Store store = Read();
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 40u);
  for (const localize::Skew& skew : skews) {
    EXPECT_EQ(skew.ranks, (skew.seq - 1) % 5 < 4 ? 3 : 4);
    if ((skew.seq - 1) % 5 != 2) {
      EXPECT_EQ(store.GlobalRank(skew.last_rank), 2);
    }
  }
  const Report report = Analyzed();
  EXPECT_THAT(report.verdict.anomaly, "healthy");  // 8 whole collectives are too few to name somebody
}

TEST_F(InspectorTest, NumbersCountPerFunction) {
  for (const char* function : {"AllReduce", "AllGather"})
    WriteJob([&](InspectorText& r) {
      r.function = function;
      return Straggler(r);
    });
  const store::Store store = Read();
  EXPECT_EQ(localize::FindSkews(store).size(), 80u);
  EXPECT_THAT(Analyzed().verdict.ranks, ElementsAre(2));
}

TEST_F(InspectorTest, VerboseRecordsTellTimes) {
  WriteJob(Straggler, true);
  const store::Store store = Read();
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 40u);
  EXPECT_EQ(skews[1].first - skews[0].first, 100'000'000 + 100'000);  // 20.3 ms inside, then 20.2
  EXPECT_EQ(skews[0].EndsApart(), 0);
  EXPECT_EQ(store.GlobalRank(skews[0].last_rank), 2);
  EXPECT_EQ(skews[0].last - skews[0].first, (20'300 - 2'200) * 1000);
  EXPECT_EQ(store.operations.started[0] - store.operations.entered[0], 50'000);
}

TEST_F(InspectorTest, ClocksOfHostsAreRelatedByTheEndsOfSharedCollectives) {
  WriteJob(
      [](InspectorText& r) {
        if (r.host == "b") r.ended_us += 3'000'000;
        return Straggler(r);
      },
      true);
  const store::Store store = Read();
  ASSERT_EQ(store.clocks.size(), 2u);
  for (const localize::Skew& skew : localize::FindSkews(store)) {
    EXPECT_LT(skew.EndsApart(), 10'000);
    EXPECT_EQ(store.GlobalRank(skew.last_rank), 2);
  }
}

TEST_F(InspectorTest, SendsAndReceivesKeepTheirPeers) {
  WriteJob([](InspectorText& r) {
    r.p2p = true, r.function = r.rank % 2 == 0 ? "Send" : "Recv", r.peer = r.rank ^ 1;
    return r.number > 3;  // p2p_sn need not begin anywhere
  });
  const store::Store store = Read();
  EXPECT_EQ(store.operations.size(), 36u * kRanks);
  EXPECT_EQ(store.operations.peer[0], 1);
  EXPECT_EQ(Analyzed().verdict.anomaly, "healthy");
}

TEST_F(InspectorTest, SeveralRanksOfOneProcessAreRanks) {
  for (int rank = 0; rank < kRanks; ++rank) {
    for (int n = 0; n < 30; ++n) {
      InspectorText r;
      r.rank = rank, r.number = n, r.duration_us = rank == 3 ? 1000 : 15'000, r.name = "world";
      Write("h-pid1000.log", InspectorLine(r));
    }
  }
  const Report report = Analyzed();
  EXPECT_EQ(report.job.ranks, kRanks);
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_EQ(report.store->communicators.front().name, "world");
}

TEST_F(InspectorTest, DamagedLinesAreCountedAndTheRestIsUsed) {
  WriteJob(Straggler);
  Write("host-pid1001.log",
        "{\"header\":{\"id\":\n[]\n{\"header\":{\"rank\":9,\"n_ranks\":4},\"coll_perf\":{}}\n");
  Write("host-pid1002.log", InspectorLine({}).substr(0, 200));
  const Report report = Analyzed();
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_EQ(report.data_quality.malformed, 3u);
  EXPECT_EQ(report.data_quality.cut_files, 1u);
}

TEST_F(InspectorTest, RecordsOfLaterVersionsAndUnknownFunctionsAreNoErrors) {
  WriteJob(Straggler);
  Write("host-pid1000.log", "{\"header\":{\"id\":\"0x1\"},\"dump_stats\":{\"dropped\":3}}\n");
  InspectorText strange;
  strange.function = "AllGatherV";
  Write("host-pid1000.log", InspectorLine(strange));
  const Report report = Analyzed();
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_EQ(report.data_quality.malformed, 0u);
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("functions that are not known")));
}

TEST_F(InspectorTest, WithoutTimesAtAllDurationsStillCount) {
  WriteJob([](InspectorText& r) {
    r.dumped_us = 0;
    return Straggler(r);
  });
  EXPECT_THAT(Analyzed().verdict.ranks, ElementsAre(2));
}

TEST_F(InspectorTest, ACommunicatorLargerThanAnyJobIsMalformed) {
  std::string line = InspectorLine({});
  line.replace(line.find("\"n_ranks\":4"), 11, "\"n_ranks\":900000000");
  Write("h-pid1.log", line);
  EXPECT_FALSE(Analyze({directory_.string()}, {}).ok());
}

}  // namespace
}  // namespace rankle::import
