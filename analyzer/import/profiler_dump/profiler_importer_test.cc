// Dumps of made-up jobs, of newer and older versions of the plugin.
#include "analyzer/import/profiler_dump/profiler_importer.h"

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
using rankle::testing::ProfilerDump;
using rankle::testing::ProfilerText;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kRanks = 4;

class ProfilerDumpTest : public ::testing::Test {
 protected:
  ProfilerDumpTest() : directory_(fs::path(::testing::TempDir()) / absl::StrCat("profiler-", getpid())) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~ProfilerDumpTest() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
  // 40 all-reduces that end every 100 ms, on processes whose clocks began at different moments. Everybody
  // comes last by turns, 0.1 ms apart.
  void WriteJob(const std::function<void(ProfilerText&)>& change) {
    for (int rank = 0; rank < kRanks; ++rank) {
      std::vector<ProfilerText> operations;
      const double clock = 1000 + 7'000'000.0 * rank;
      for (int n = 0; n < 40; ++n) {
        ProfilerText o;
        o.pid = 1000 + rank, o.rank = rank, o.number = n;
        o.ended = clock + 100'000.0 * (n + 1), o.begun = o.ended - 2000 - 100 * ((rank + n) % kRanks);
        change(o);
        o.called = o.begun - 20;
        operations.push_back(o);
      }
      Write(absl::StrCat("prof_77_", rank, ".json"), ProfilerDump(operations));
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

void Straggler(ProfilerText& o) { o.begun -= o.rank == 2 ? 0 : 18'000; }

TEST_F(ProfilerDumpTest, ClocksOfProcessesAreRelatedAndTheLastArrivalIsNamed) {
  WriteJob(Straggler);
  const store::Store store = Read();
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 40u);
  for (const localize::Skew& skew : skews) {
    EXPECT_EQ(skew.ranks, kRanks);
    EXPECT_EQ(store.GlobalRank(skew.last_rank), 2);
    EXPECT_LT(skew.EndsApart(), 10'000);
  }
  EXPECT_GT(skews.front().first, 0);
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "slow.compute");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_LE(report.verdict.confidence, 0.7);
}

TEST_F(ProfilerDumpTest, RanksThatComeLastByTurnsAreHealthy) {
  WriteJob([](ProfilerText&) {});
  EXPECT_EQ(Analyzed().verdict.anomaly, "healthy");
}

// Before profiler interface 4 there are no kernels: ends are those of the proxies, and durations are unknown.
TEST_F(ProfilerDumpTest, OlderDumpsHaveNoDurations) {
  WriteJob([](ProfilerText& o) {
    Straggler(o);
    o.kernels = false, o.next = (o.rank + 1) % kRanks;
  });
  const store::Store store = Read();
  EXPECT_EQ(store.operations.started[0], 0);
  EXPECT_NE(store.operations.finished[0], 0);
  EXPECT_EQ(Analyzed().verdict.anomaly, "healthy");
}

TEST_F(ProfilerDumpTest, StepsOfProxiesAreTransfers) {
  WriteJob([](ProfilerText& o) {
    o.next = (o.rank + 1) % kRanks;
    o.begun -= 14'000, o.step_us = o.rank == 1 ? 3000 : 1000;
  });
  const store::Store store = Read();
  ASSERT_EQ(store.transfers.size(), static_cast<size_t>(kRanks));
  const store::Transfer& t = store.transfers[1];
  EXPECT_EQ(store.GlobalRank(t.source), 1);
  EXPECT_EQ(store.GlobalRank(t.destination), 2);
  EXPECT_EQ(t.posted, 160u);
  EXPECT_EQ(t.bytes, 160u * 512 * 1024);
  ASSERT_EQ(t.life.size(), 1u);
  EXPECT_TRUE(t.life[0].per_mib);  // 512 KiB a step
  EXPECT_EQ(t.life[0].bytes, t.bytes);
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "slow.link");
  EXPECT_THAT(report.verdict.links, ElementsAre(std::pair(1, 2)));
}

// An operation without the end of its kernel proves nothing: the pool may have been used again.
TEST_F(ProfilerDumpTest, OperationsWithoutAnEndAreNoHang) {
  WriteJob([](ProfilerText& o) {
    if (o.rank == 1 && o.number == 39) o.ended = 0;
  });
  const Report report = Analyzed();
  EXPECT_EQ(report.verdict.anomaly, "healthy");
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("1 operations whose end is not recorded")));
}

TEST_F(ProfilerDumpTest, FilesOfOneProcessAreOneRank) {
  WriteJob([](ProfilerText&) {});
  for (int rank = 0; rank < 2; ++rank) {
    ProfilerText o;
    o.pid = 1002 + rank, o.rank = rank, o.communicator = 5, o.called = 10, o.begun = 20, o.ended = 30;
    Write(absl::StrCat("prof_5_", rank, ".json"), ProfilerDump({o}));
  }
  const store::Store store = Read();
  ASSERT_EQ(store.ranks.size(), static_cast<size_t>(kRanks));
  ASSERT_EQ(store.communicators.size(), 2u);
  for (const store::Communicator& c : store.communicators) {
    if (c.members.size() == 2) {
      EXPECT_EQ(store.GlobalRank(c.members[1].rank), 3);
    }
  }
}

TEST_F(ProfilerDumpTest, SendsAndReceivesHavePeers) {
  ProfilerText send, receive;
  send.p2p = receive.p2p = true, send.function = "Send", receive.function = "Recv";
  send.peer = 1, receive.rank = 1, receive.pid = 1001;
  send.called = receive.called = 10, send.begun = receive.begun = 20, send.ended = receive.ended = 30;
  Write("a.json", ProfilerDump({send}));
  Write("b.json", ProfilerDump({receive}));
  const store::Store store = Read();
  ASSERT_EQ(store.operations.size(), 2u);
  EXPECT_EQ(store.operations.peer[0], 1);
  EXPECT_EQ(store.operations.peer[1], 0);
  EXPECT_EQ(store.communicators.at(0).members.size(), 2u);
}

TEST_F(ProfilerDumpTest, ACutDumpIsUsedAsFarAsItGoes) {
  WriteJob(Straggler);
  std::ifstream in(directory_ / "prof_77_0.json");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  Write("prof_77_0.json", text.substr(0, text.size() * 9 / 10));
  const Report report = Analyzed();
  EXPECT_EQ(report.data_quality.cut_files, 1u);
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(ProfilerDumpTest, DamageIsCountedAndNothingElseIsLost) {
  ProfilerText o;
  o.called = 10, o.begun = 20, o.ended = 30;
  std::string text = ProfilerDump({o});
  const std::string bad =
      R"({"name": "AllReduce", "cat": "COLL", "ph": "b", "args": {"SeqNum": -1, "Rank": 900000000}},)";
  Write("a.json", "[\n" + bad + "{\"cat\": \"COLL\", nonsense}," + text.substr(2));
  const store::Store store = Read();
  EXPECT_EQ(store.operations.size(), 1u);
  EXPECT_EQ(store.quality.malformed, 2u);
  Write("a.json", "[\n" + bad + "{}]");
  EXPECT_FALSE(Analyze({directory_.string()}, {}).ok());
}

}  // namespace
}  // namespace rankle::import
