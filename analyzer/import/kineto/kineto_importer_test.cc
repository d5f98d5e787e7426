// Small made-up profiles, in the shapes that PyTorch has written over the years.
#include "analyzer/import/kineto/kineto_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/analyze.h"
#include "analyzer/localize/skew.h"
#include "analyzer/testing/profiles.h"

namespace rankle::import {
namespace {

using rankle::testing::Call;
using rankle::testing::Document;
using rankle::testing::Kernel;
using rankle::testing::kFirstTs;
using rankle::testing::Step;
using KinetoImporterTest = rankle::testing::ProfileTest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(KinetoImporterTest, CollectivesOfAllRanksAreJoinedByGroupAndOrder) {
  for (int rank = 0; rank < 4; ++rank) {
    const std::string pair = rank % 2 == 0 ? "[0, 2]" : "[1, 3]", pair_name = rank % 2 == 0 ? "1" : "2";
    const double late = rank == 2 ? 400 : 0;
    Write(absl::StrCat("trace", 9 - rank, ".json"),  // names say nothing
          Document(rank, 4,
                   {Kernel(kFirstTs + late, 1000 - late, "allreduce", "0", "[0, 1, 2, 3]", 4, 64, 11),
                    Call(kFirstTs - 50, 11),
                    Kernel(kFirstTs + 2000, 10, "_allgather_base", pair_name, pair, 2, 32, 12),
                    Call(kFirstTs + 1500, 12), Step(3, kFirstTs - 100, 5000)}));
  }
  const store::Store store = Read();
  EXPECT_EQ(store.source, "kineto");
  ASSERT_EQ(store.ranks.size(), 4u);
  ASSERT_EQ(store.communicators.size(), 3u);
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 3u);
  EXPECT_EQ(store::OperationName(skews[0].api), "AllReduce");
  EXPECT_EQ(skews[0].ranks, 4);
  EXPECT_EQ(store.GlobalRank(skews[0].last_rank), 2);
  EXPECT_EQ(skews[0].last - skews[0].first, 400'000);
  EXPECT_EQ(skews[0].EndsApart(), 0);
  EXPECT_EQ(store::OperationName(skews[1].api), "AllGather");
  EXPECT_EQ(skews[1].ranks, 2);
  const store::Operations& o = store.operations;
  for (size_t i = 0; i < o.size(); ++i) {
    EXPECT_EQ(o.step[i], 3);
    if (store::OperationName(o.api[i]) != "AllReduce") continue;
    EXPECT_EQ(o.started[i] - o.entered[i], o.rank[i] == 2 ? 450'000 : 50'000);
  }
}

TEST_F(KinetoImporterTest, AHealthyProfileIsHealthyAndSaysWhatItCannotShow) {
  for (int rank = 0; rank < 2; ++rank) {
    std::vector<std::string> events;
    for (int i = 0; i < 30; ++i)
      events.push_back(Kernel(kFirstTs + 1000 * i, 500, "allreduce", "0", "[0, 1]", 2, 64));
    Write(absl::StrCat(rank, ".json"), Document(rank, 2, events));
  }
  auto report = Analyze({directory_.string()}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict.anomaly, "healthy");
  EXPECT_THAT(report->data_quality.notes, Contains(HasSubstr("completed kernels")));
  EXPECT_THAT(report->data_quality.notes, Contains(HasSubstr("60 of 60 kernels could not be linked")));
}

// Versions of 2023: no arguments, the correlation as id; names come from the annotations, by order.
TEST_F(KinetoImporterTest, OldKernelsWithoutArgumentsTakeTheirNamesFromAnnotations) {
  const auto old_kernel = [](double ts, const std::string& function, int id) {
    return absl::StrFormat(
        R"j({"ph": "X", "cat": "Kernel", "name": "ncclKernel_%s_RING_SIMPLE_Sum_int8_t(ncclWorkElem)", "pid": 0, "tid": 84, "ts": %f, "dur": 20, "args": {
      "External id" : % d, "device" : 0, "stream" : 84, "correlation" : % d}})j",
        function, ts, id, id);
  };
  const auto annotation = [](double ts, const std::string& name, int id) {
    return absl::StrFormat(
        R"({"ph": "X", "cat": "user_annotation", "name": "nccl:%s", "pid": 9, "tid": 9, "ts": %f, "dur": 5, "args": {"External id": %d, "Input Dims": [[6, 2], [3]]}})",
        name, ts, id);
  };
  for (int rank = 0; rank < 2; ++rank) {
    Write(absl::StrCat(rank, ".json"),
          Document(rank, 2,
                   {annotation(1000, "all_to_all", 5), annotation(1100, "all_reduce", 9),
                    old_kernel(1010, "SendRecv", 4001), old_kernel(1110, "AllReduce", 4002)}));
  }
  const store::Store store = Read();
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_EQ(store::OperationName(skews[0].api), "AlltoAll");
  EXPECT_EQ(store::OperationName(skews[1].api), "AllReduce");
  EXPECT_EQ(store.operations.started[0] - store.operations.entered[0], 10'000);
  EXPECT_THAT(store.operations.count, Contains(15u));
}

TEST_F(KinetoImporterTest, CutOffGroupListsAreTakenFromTheListOfGroups) {
  const std::string info = R"(, "pg_config": [{"pg_name": "7", "pg_desc": "dp", "ranks": [0, 2]}])";
  for (int rank : {0, 2})
    Write(absl::StrCat(rank, ".json"),
          Document(rank, 3, {Kernel(1000, 10, "allreduce", "7", "[0, ...]", 2, 8)}, info));
  const store::Store store = Read();
  ASSERT_EQ(store.communicators.size(), 1u);
  EXPECT_EQ(store.communicators[0].members.size(), 2u);
  EXPECT_THAT(store.quality.missing_ranks, ElementsAre(1));
}

TEST_F(KinetoImporterTest, TimesAreRelativeToTheBaseWhereThereIsOne) {
  Write("0.json", Document(0, 2, {Kernel(1000, 10, "allreduce", "0", "[0, 1]", 2, 8)}, "",
                           R"("baseTimeNanoseconds": 5000000,)"));
  Write("1.json", Document(1, 2, {Kernel(6025, 10, "allreduce", "0", "[0, 1]", 2, 8)}));
  const auto skews = localize::FindSkews(Read());
  ASSERT_EQ(skews.size(), 1u);
  EXPECT_EQ(skews[0].last - skews[0].first, 25'000);
}

TEST_F(KinetoImporterTest, AClockThatIsAheadIsCorrectedByTheEndsOfSharedCollectives) {
  for (int rank = 0; rank < 3; ++rank) {
    std::vector<std::string> events;
    for (int i = 0; i < 9; ++i)
      events.push_back(Kernel(kFirstTs + 1000 * i + (rank == 1 ? 7'000'000 : 0) + (rank == 2 ? 90 : 0),
                              rank == 2 ? 110 : 200, "allreduce", "0", "[0, 1, 2]", 3, 8));
    Write(absl::StrCat(rank, ".json"), Document(rank, 3, events));
  }
  const store::Store store = Read();
  for (const auto& skew : localize::FindSkews(store)) {
    EXPECT_EQ(store.GlobalRank(skew.last_rank), 2);
    EXPECT_EQ(skew.last - skew.first, 90'000);
  }
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("rank 1 is 7.000000 s ahead")));
}

TEST_F(KinetoImporterTest, SendsAndReceivesKnowTheirPeers) {
  Write("0.json", Document(0, 2, {Kernel(1000, 10, "send", "0", "[0, 1]", 2, 8, 0, R"(, "Dst Rank": 1)")}));
  Write("1.json", Document(1, 2, {Kernel(1000, 10, "recv", "0", "[0, 1]", 2, 8, 0, R"(, "Src Rank": 0)")}));
  const store::Store store = Read();
  ASSERT_EQ(store.operations.size(), 2u);
  EXPECT_THAT(store.operations.p2p, ElementsAre(1, 1));
  EXPECT_THAT(store.operations.peer, ElementsAre(1, 0));
}

TEST_F(KinetoImporterTest, GzipDamageAndForeignFilesAreAccountedFor) {
  const std::string text = Document(0, 3, {Kernel(1000, 10, "allreduce", "0", "[0, 1, 2]", 3, 8)});
  const gzFile file = gzopen((directory_ / "a.json.gz").c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  const std::string cut = Document(1, 3, {Kernel(1000, 10, "allreduce", "0", "[0, 1, 2]", 3, 8)});
  Write("b.json", cut.substr(0, cut.size() - 20));
  Write("c.json", Document(2, 3, {}) + "trailing");
  Write("d.txt", "not a trace");
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_EQ(store.quality.cut_files, 1u);
  EXPECT_EQ(store.quality.unreadable_files, 1u);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("something follows the end")));
  EXPECT_THAT(store.quality.missing_ranks, ElementsAre(2));
}

TEST_F(KinetoImporterTest, FilesThatDoNotTellTheirRankLowerTheCertainty) {
  for (const char* name : {"x.json", "y.json"})
    Write(name, Document(-1, 0, {Kernel(1000, 10, "allreduce", "0", "", 2, 8)}));
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_LE(store.quality.certainty, 0.5);
}

TEST_F(KinetoImporterTest, AProfileWithoutNcclIsAClearError) {
  Write("0.json", Document(0, 2, {Step(1, 1000, 10)}));
  const auto store = ImportPaths({directory_.string()});
  EXPECT_THAT(std::string(store.status().message()),
              HasSubstr("no kernels of NCCL in the profiler's traces"));
}

}  // namespace
}  // namespace rankle::import
