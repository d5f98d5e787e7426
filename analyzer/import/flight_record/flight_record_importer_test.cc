// Directories of flight records, whole and damaged.
#include "analyzer/import/flight_record/flight_record_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "analyzer/analyze.h"
#include "analyzer/import/flight_record/run_json.h"
#include "analyzer/testing/job_builder.h"
#include "tracer/record/format.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ImporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::path(::testing::TempDir()) / (std::string("importer_") + info->name());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Four ranks, 20 steps, then rank 2 does not come.
  rankle::testing::JobBuilder HangingJob() {
    rankle::testing::JobBuilder job(4);
    const int dp = job.Communicator("dp", {0, 1, 2, 3});
    job.Steps(dp, 1, 20);
    for (int rank : {0, 1, 3}) job.Add({.rank = rank, .communicator = dp, .entered = 2.5});
    job.ObservedUntil(20);
    return job;
  }
  std::string Record(int rank) const {
    return directory_ / ("flight-" + std::to_string(1000 + rank) + "-1.rkl");
  }
  void Write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }

  fs::path directory_;
};

TEST_F(ImporterTest, FilesGiveTheSameVerdictAsTheJobInMemory) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  auto from_files = Analyze({directory_}, {});
  auto from_memory = AnalyzeStore(HangingJob().Build(), {});
  ASSERT_TRUE(from_files.ok()) << from_files.status();
  EXPECT_EQ(from_files->verdict.anomaly, "hang.not_entered");
  EXPECT_THAT(from_files->verdict.ranks, ElementsAre(2));
  EXPECT_EQ(from_files->verdict.summary, from_memory->verdict.summary);
}

TEST_F(ImporterTest, TruncatedForeignAndEmptyFilesAreCountedAndTheRestIsUsed) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  Write("flight-1-1.rkl", "");
  Write("flight-2-2.rkl", "this is no flight record");
  fs::resize_file(Record(3), 5000);
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GE(report->data_quality.malformed, 3u);
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("flight-1-1.rkl")));
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("flight-2-2.rkl")));
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("flight-1003-1.rkl")));
}

TEST_F(ImporterTest, FilesOfTheLauncherAreNoSurprise) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  Write("plan.txt", "do: hang");
  Write("control", "page");
  Write("notes.txt", "mine");
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->inputs.size(), 2u);
  EXPECT_TRUE(report->inputs[0].used);
  EXPECT_THAT(report->inputs[1].files, ElementsAre(HasSubstr("notes.txt")));
}

TEST_F(ImporterTest, MissingRankIsListedAndNotBlamed) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  fs::remove(Record(2));
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->data_quality.missing_ranks, ElementsAre(2));
  EXPECT_EQ(report->verdict.anomaly, "unknown") << report->verdict.summary;
  EXPECT_THAT(report->verdict.ranks, IsEmpty());
}

TEST_F(ImporterTest, RecordOfAnotherMajorVersionIsReported) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  {
    std::fstream file(Record(1), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offsetof(record::FileHeader, version_major));
    file.put(9);
  }
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("version")));
}

TEST_F(ImporterTest, OfTwoJobsTheLargerIsAnalyzedAndTheOtherNamed) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  fs::copy_file(Record(0), directory_ / "flight-7-7.rkl");
  {
    std::fstream file(directory_ / "flight-7-7.rkl", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offsetof(record::FileHeader, job_id));
    file.put(1);
  }
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("2 jobs")));
  EXPECT_LE(report->verdict.confidence, 0.8);
}

TEST_F(ImporterTest, ANumberOfRanksThatNoJobHasIsSaidAndNotUsed) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  for (int rank = 0; rank < 4; ++rank) {
    std::fstream file(Record(rank), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offsetof(record::FileHeader, world_size));
    const int32_t damaged = 2'000'000'000;
    file.write(reinterpret_cast<const char*>(&damaged), sizeof(damaged));
  }
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report->data_quality.missing_ranks, IsEmpty());
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("2000000000 ranks: not used")));
}

TEST_F(ImporterTest, DirectoryWithoutRecordsIsAClearError) {
  Write("readme.txt", "nothing here");
  auto report = Analyze({directory_}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("no flight records found"));
  EXPECT_FALSE(Analyze({directory_ / "absent"}, {}).ok());
}

TEST_F(ImporterTest, DamagedRunJsonIsNamedAndTheRecordsAreUsed) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  Write("run.json", "{\"schema\":\"rankle.run/1\", oops");
  auto report = Analyze({directory_}, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report->data_quality.notes, ::testing::Contains(HasSubstr("run.json")));
}

TEST_F(ImporterTest, TablesAreWrittenIntoADatabaseFile) {
  ASSERT_TRUE(HangingJob().WriteTo(directory_));
  AnalyzeOptions options;
  options.database_file = directory_ / "out.sqlite";
  auto written = Analyze({directory_}, options);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_GT(fs::file_size(directory_ / "out.sqlite"), 4096u);
  EXPECT_TRUE(Analyze({directory_}, options).ok());  // written over
  options.database_file = directory_ / "no" / "such" / "folder.sqlite";
  EXPECT_FALSE(Analyze({directory_}, options).ok());
}

TEST(RunJsonTest, WrongTypesAndUnknownKeysDoNoHarm) {
  auto run = ParseRunJson(
      R"({"schema":"rankle.run/1","n":"four","extra":1,"processes":[5,{"pid":"x","signal":"SIGKILL"}]})",
      "run.json");
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(run->processes.size(), 1u);
  EXPECT_EQ(run->processes[0].signal, 9);
  EXPECT_FALSE(ParseRunJson("[]", "run.json").ok());
  EXPECT_FALSE(ParseRunJson(R"({"schema":"rankle.run/2"})", "run.json").ok());
}

TEST(RunJsonTest, SignalsHaveNamesAndNumbers) {
  EXPECT_EQ(SignalNumber("KILL"), 9);
  EXPECT_EQ(SignalNumber("11"), 11);
  EXPECT_EQ(SignalNumber("SIGNONSENSE"), 0);
  EXPECT_EQ(SignalName(15), "SIGTERM");
}

}  // namespace
}  // namespace rankle::import
