// Profiles as they lie about: damaged, of several jobs in one directory, of windows that begin apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/import/importer.h"
#include "analyzer/localize/skew.h"
#include "analyzer/testing/profiles.h"

namespace rankle::import {
namespace {

using rankle::testing::Call;
using rankle::testing::Document;
using rankle::testing::Kernel;
using rankle::testing::kFirstTs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using MixedProfilesTest = rankle::testing::ProfileTest;

std::string Reduce(double ts, double dur, const std::string& more = "") {
  return Kernel(ts, dur, "allreduce", "0", "[0, 1]", 2, 64, 0, more);
}

// Collectives first..last of a job of two ranks, one every 100 ms; `late` = how much later the rank arrives.
std::vector<std::string> Window(int first, int last, double late = 0, double ahead = 0, bool seq = false) {
  std::vector<std::string> events;
  for (int i = first; i <= last; ++i)
    events.push_back(
        Reduce(100'000.0 * i + late + ahead, 20'000 - late, seq ? absl::StrCat(R"(, "Seq": )", 40 + i) : ""));
  return events;
}

TEST_F(MixedProfilesTest, ATraceThatBeginsAtZeroOfItsBaseKeepsItsFirstTimes) {
  const std::string base = R"("baseTimeNanoseconds": 1700000000000000000,)";
  for (int rank : {0, 1})
    Write(absl::StrCat(rank, ".json"), Document(rank, 2,
                                                {Call(0, 5), Kernel(100.0 + 10 * rank, 50.0 - 10 * rank,
                                                                    "allreduce", "0", "[0, 1]", 2, 8, 5)},
                                                "", base));
  const store::Store store = Read();
  ASSERT_EQ(store.operations.size(), 2u);
  // The call is told: it is no "unknown", and the kernel ran 100 us after it.
  EXPECT_EQ(store.operations.started[0] - store.operations.entered[0], 100'000);
  EXPECT_THAT(store.quality.notes, Not(Contains(HasSubstr("could not be linked"))));
}

TEST_F(MixedProfilesTest, AKernelAtZeroOfItsBaseHasATime) {
  const std::string base = R"("baseTimeNanoseconds": 1700000000000000000,)";
  Write("0.json", Document(0, 2, {Reduce(0, 50)}, "", base));
  Write("1.json", Document(1, 2, {Reduce(20, 30)}, "", base));
  const auto skews = localize::FindSkews(Read());
  ASSERT_EQ(skews.size(), 1u);
  EXPECT_EQ(skews[0].last - skews[0].first, 20'000);
}

TEST_F(MixedProfilesTest, DamagedEventsAndCutFilesAreNamedWithTheirFiles) {
  std::vector<std::string> events = Window(1, 12);
  events[4] = R"({"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce", "ts": 5.0, "dur": NaN})";
  Write("bad.json", Document(0, 2, events));
  const std::string whole = Document(1, 2, Window(1, 12));
  Write("short.json", whole.substr(0, whole.size() - 30));
  const store::Store store = Read();
  EXPECT_GE(store.quality.malformed, 1u);
  EXPECT_THAT(store.quality.notes, Contains(AllOf(HasSubstr("damaged events"), HasSubstr("bad.json (1)"))));
  EXPECT_THAT(store.quality.notes, Contains(AllOf(HasSubstr("cut short"), HasSubstr("short.json"))));
}

TEST_F(MixedProfilesTest, ARankWithoutAKernelIsMissing) {
  for (int rank : {0, 1, 2}) {
    std::vector<std::string> events;
    if (rank != 2) events = {Kernel(kFirstTs, 50, "allreduce", "0", "[0, 1, 2]", 3, 8)};
    Write(absl::StrCat(rank, ".json"), Document(rank, 3, events));
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_THAT(store.quality.missing_ranks, ElementsAre(2));
  EXPECT_THAT(store.quality.notes, Contains(AllOf(HasSubstr("no usable kernel"), HasSubstr("2.json"))));
}

TEST_F(MixedProfilesTest, OfTwoJobsInOneDirectoryTheLargerIsAnalyzed) {
  const auto job = [&](const std::string& name, int world, const std::string& ranks, double ahead) {
    for (int rank = 0; rank < world; ++rank)
      Write(absl::StrCat(name, rank, ".json"),
            Document(rank, world,
                     {Kernel(kFirstTs + ahead, 50, "allreduce", "0", ranks, world, 8),
                      Kernel(kFirstTs + ahead + 900, 50, "allreduce", "0", ranks, world, 8)}));
  };
  job("a", 2, "[0, 1]", 0);
  job("b", 3, "[0, 1, 2]", 10);
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 3u);
  EXPECT_EQ(store.world_size, 3);
  ASSERT_EQ(store.communicators.size(), 1u);
  EXPECT_EQ(store.communicators[0].members.size(), 3u);
  EXPECT_THAT(store.quality.notes,
              Contains(AllOf(HasSubstr("2 profiles of different jobs"), HasSubstr("a0.json"))));
  EXPECT_THAT(store.quality.missing_ranks, IsEmpty());
}

TEST_F(MixedProfilesTest, OfTwoWindowsOfOneJobOneIsAnalyzed) {
  for (int rank : {0, 1}) {
    Write(absl::StrCat("cycle1_", rank, ".json"), Document(rank, 2, Window(1, 5)));
    Write(absl::StrCat("cycle2_", rank, ".json"), Document(rank, 2, Window(20, 29)));
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_EQ(store.operations.size(), 20u);
  EXPECT_GT(store.quality.certainty, 0.5);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("cycle1_0.json")));
}

TEST_F(MixedProfilesTest, FilesThatClaimOneRankAtOneTimeMakeNothingCertain) {
  for (const char* name : {"a", "b"}) {
    for (int rank : {0, 1}) Write(absl::StrCat(name, rank, ".json"), Document(rank, 2, Window(1, 5)));
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_LE(store.quality.certainty, 0.5);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("claim the same rank")));
}

TEST_F(MixedProfilesTest, JobsOfOneSizeAtOneTimeAreToldByTheirDirectories) {
  for (const char* name : {"job1/", "job2/"}) {
    for (int rank : {0, 1}) Write(absl::StrCat(name, rank, ".json"), Document(rank, 2, Window(1, 5)));
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_GT(store.quality.certainty, 0.5);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("2 profiles of different jobs")));
}

TEST_F(MixedProfilesTest, AByteOrderMarkIsNoPartOfTheTrace) {
  for (int rank : {0, 1})
    Write(absl::StrCat(rank, ".json"), "\xef\xbb\xbf" + Document(rank, 2, Window(1, 3)));
  EXPECT_EQ(Read().ranks.size(), 2u);
}

TEST_F(MixedProfilesTest, NumbersThatCanBeNoTimesAreDamage) {
  std::vector<std::string> events = Window(1, 6);
  events.push_back(
      R"({"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce_X", "ts": 1e300, "dur": 5, "args": {"External id": 1}})");
  events.push_back(
      R"({"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce_X", "ts": 5, "dur": 9e18, "args": {"External id": 2}})");
  events.push_back(
      R"({"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce_X", "ts": -9e15, "dur": 5, "args": {"External id": 3}})");
  Write("0.json", Document(0, 2, events, "", R"("baseTimeNanoseconds": 9223372036854775807,)"));
  Write("1.json", Document(1, 2, Window(1, 6)));
  const store::Store store = Read();
  EXPECT_EQ(store.operations.size(), 12u);
  EXPECT_EQ(store.quality.malformed, 4u);
  for (size_t i = 0; i < store.operations.size(); ++i) {
    EXPECT_GT(store.operations.started[i], 0);
    EXPECT_LT(store.operations.finished[i], 1'000'000'000);
  }
}

struct WindowCase {
  const char* name;
  std::vector<std::string> first, second;
};

class WindowsThatBeginApart : public MixedProfilesTest, public ::testing::WithParamInterface<WindowCase> {};

// In every collective that both profiled rank 1 comes 3 ms later than rank 0.
TEST_P(WindowsThatBeginApart, ShowEachCollectiveOnce) {
  Write("0.json", Document(0, 2, GetParam().first));
  Write("1.json", Document(1, 2, GetParam().second));
  const store::Store store = Read();
  const auto skews = localize::FindSkews(store);
  EXPECT_GE(skews.size(), 8u);
  EXPECT_EQ(store.operations.size(), 2 * skews.size());
  for (const localize::Skew& skew : skews) {
    EXPECT_EQ(store.GlobalRank(skew.last_rank), 1);
    EXPECT_EQ(skew.last - skew.first, 3'000'000);
  }
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("not all their ranks profiled them")));
  const auto report = Analyze({directory_.string()}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict.anomaly, "healthy") << report->verdict.summary;
}

INSTANTIATE_TEST_SUITE_P(Told, WindowsThatBeginApart,
                         ::testing::Values(WindowCase{"ByTheirEnds", Window(1, 12), Window(3, 14, 3000)},
                                           WindowCase{"ByTheirEndsWithDifferentNumbers", Window(1, 12),
                                                      Window(4, 12, 3000)},
                                           // The clock is wrong by three and a half steps.
                                           WindowCase{"BySequence", Window(1, 12, 0, 0, true),
                                                      Window(3, 14, 3000, 350'000, true)}),
                         [](const auto& test) { return test.param.name; });

TEST_F(MixedProfilesTest, WindowsThatNothingTellsAreAnErrorAndNobodyIsAccused) {
  Write("0.json", Document(0, 2, Window(1, 12)));
  Write("1.json", Document(1, 2, Window(3, 12, 3000, 7'033'000)));
  const auto store = ImportPaths({directory_.string()});
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("belong together cannot be told"));
}

TEST_F(MixedProfilesTest, OneGroupThatNothingTellsLeavesTheOthersButSaysNothingOfSlowness) {
  for (int rank : {0, 1}) {
    std::vector<std::string> events = Window(rank == 0 ? 1 : 3, 12, 0, rank == 0 ? 0 : 7'033'000);
    for (int i = 1; i <= 8; ++i)
      events.push_back(
          Kernel(100'000.0 * i + 50'000 + (rank == 0 ? 0 : 7'033'000), 10, "allreduce", "1", "[0, 1]", 2, 8));
    Write(absl::StrCat(rank, ".json"), Document(rank, 2, events));
  }
  const store::Store store = Read();
  EXPECT_FALSE(store.device_times);
  EXPECT_EQ(store.operations.size(), 16u);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("nothing is said of slowness")));
}

TEST_F(MixedProfilesTest, SendsOutsideOfTheReceiversWindowAreNoMismatch) {
  std::vector<std::string> sends, receives;
  for (int i = 1; i <= 12; ++i) {
    const double ts = 100'000.0 * i;
    sends.push_back(Kernel(ts, 500, "send", "0", "[0, 1]", 2, 8 * i, 0, R"(, "Dst Rank": 1)"));
    if (i > 3) receives.push_back(Kernel(ts, 500, "recv", "0", "[0, 1]", 2, 8 * i, 0, R"(, "Src Rank": 0)"));
  }
  Write("0.json", Document(0, 2, sends));
  Write("1.json", Document(1, 2, receives));
  EXPECT_EQ(Read().operations.size(), 18u);
  const auto report = Analyze({directory_.string()}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict.anomaly, "healthy") << report->verdict.summary;
}

}  // namespace
}  // namespace rankle::import
