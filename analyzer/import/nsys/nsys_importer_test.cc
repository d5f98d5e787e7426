// Small exports that the test writes with SQLite.
#include "analyzer/import/nsys/nsys_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/import/nsys/nvtx_payload.h"
#include "analyzer/localize/skew.h"
#include "analyzer/testing/nsys_database.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::NsysCall;
using rankle::testing::NsysDatabase;
using rankle::testing::NsysProcess;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NsysTest : public ::testing::Test {
 protected:
  NsysTest() : directory_(fs::path(::testing::TempDir()) / absl::StrCat("nsys-", getpid())) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~NsysTest() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  store::Store Read() {
    auto store = ImportPaths({directory_.string()});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : store::Store{};
  }
  Report Diagnose() {
    auto report = Analyze({directory_.string()}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    EXPECT_THAT(report->problems, IsEmpty());
    return *std::move(report);
  }
  std::string ErrorOf(const std::string& name) const {
    return std::string(ImportPaths({Path(name)}).status().message());
  }

  fs::path directory_;
};

TEST_F(NsysTest, KernelsAreJoinedWithTheCallsThatLaunchedThem) {
  // Names and pids say nothing of the ranks; the recordings began at different times.
  for (int rank = 0; rank < 3; ++rank) {
    NsysDatabase::Form form;
    form.session_ns += rank * 7'000;
    NsysDatabase file(Path(absl::StrCat("f", 9 - rank, ".sqlite")), form);
    const NsysProcess process{.pid = 900 - rank};
    file.Created(process, 0xabc, 3, rank);
    const int64_t shift = -rank * 7, late = rank == 1 ? 300 : 0;
    file.Call(process, {.called = 1000 + shift, .started = 1050 + shift + late, .finished = 2000 + shift});
    file.Call(process, {.name = "ncclAllGather",
                        .kernel = "ncclDevKernel_AllGather_RING_LL",
                        .called = 3000 + shift,
                        .started = 3010 + shift,
                        .finished = 3100 + shift,
                        .bytes = 64,
                        .grouped = true});
  }
  const store::Store store = Read();
  EXPECT_EQ(store.source, "nsys");
  EXPECT_EQ(store.quality.certainty, 0.9);
  ASSERT_EQ(store.ranks.size(), 3u);
  EXPECT_EQ(store.ProcessOf(0)->pid, 900);
  EXPECT_EQ(store.ProcessOf(0)->host, "node1");
  ASSERT_EQ(store.communicators.size(), 1u);
  EXPECT_THAT(store.operations.count, ElementsAre(4096, 64, 4096, 64, 4096, 64));
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_EQ(store::OperationName(skews[0].api), "AllReduce");
  EXPECT_EQ(store.GlobalRank(skews[0].last_rank), 1);
  EXPECT_EQ(skews[0].last - skews[0].first, 300'000);
  EXPECT_EQ(skews[0].EndsApart(), 0);
  EXPECT_EQ(store::OperationName(skews[1].api), "AllGather");
  for (size_t i = 0; i < store.operations.size(); ++i) {
    if (store::OperationName(store.operations.api[i]) != "AllReduce") continue;
    EXPECT_EQ(store.operations.started[i] - store.operations.entered[i],
              store.operations.rank[i] == 1 ? 350'000 : 50'000);
  }
}

// A data-parallel job of four whose rank 2 computes longer.
TEST_F(NsysTest, ARankThatComputesLongerIsNamed) {
  {
    NsysDatabase file(Path("node.sqlite"));  // one file, four processes
    for (int rank = 0; rank < 4; ++rank) {
      const NsysProcess process{.pid = 100 + rank, .device = static_cast<uint32_t>(rank)};
      file.Created(process, 0xabc, 4, rank);
      for (int step = 1; step <= 40; ++step) {
        const int64_t begin = step * 200'000,
                      own = rank == 2 ? 150'000 : 100'000 + (step * 37 + rank * 11) % 50;
        file.Call(process, {.called = begin + own - 20, .started = begin + own, .finished = begin + 152'000});
      }
    }
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "slow.compute") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST_F(NsysTest, AHealthyProfileIsHealthyAndSaysWhatItCannotShow) {
  {
    NsysDatabase file(Path("node.sqlite"));
    for (int rank = 0; rank < 2; ++rank) {
      const NsysProcess process{.pid = 100 + rank, .device = static_cast<uint32_t>(rank)};
      file.Created(process, 0xabc, 2, rank);
      for (int i = 1; i < 30; ++i)
        file.Call(process, {.called = i * 1000, .started = i * 1000 + 9, .finished = i * 1000 + 500});
    }
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "healthy");
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("completed kernels of NCCL")));
}

TEST_F(NsysTest, AGroupIsOneKernelOrOneForEachCommunicator) {
  {
    NsysDatabase file(Path("node.sqlite"));
    for (int rank = 0; rank < 2; ++rank) {
      const NsysProcess process{.pid = 100 + rank, .device = static_cast<uint32_t>(rank)};
      file.Created(process, 0xabc, 2, rank);
      const std::string exchange = "ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)";
      file.Group(process,
                 {{.name = "ncclSend", .called = 1000, .bytes = 8, .peer = 1 - rank},
                  {.name = "ncclRecv", .called = 1002, .bytes = 8, .peer = 1 - rank}},
                 {{.kernel = exchange, .started = 1100, .finished = 1200}});
      file.Group(process, {{.called = 2000}, {.called = 2002, .communicator = 0xdef}, {.called = 2004}},
                 {{.started = 2100, .finished = 2200}, {.started = 2300, .finished = 2400}});
    }
  }
  const store::Store store = Read();
  const store::Operations& o = store.operations;
  ASSERT_EQ(o.size(), 10u);
  EXPECT_THAT(std::vector<uint8_t>(o.p2p.begin(), o.p2p.begin() + 5), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_EQ(o.peer[0], 1);
  EXPECT_EQ(o.started[0], o.started[1]);
  std::vector<int64_t> starts;
  for (size_t i = 2; i < 5; ++i) starts.push_back((o.started[i] - o.started[0]) / 1000);
  std::sort(starts.begin(), starts.end());
  EXPECT_THAT(starts, ElementsAre(1000, 1000, 1200));
  ASSERT_EQ(store.communicators.size(), 2u);
  EXPECT_THAT(store.communicators[0].members, SizeIs(2));
}

TEST_F(NsysTest, OlderVersionsTellRanksButNoCommunicators) {
  {
    NsysDatabase::Form form;
    form.communicators = false;
    NsysDatabase file(Path("node.sqlite"), form);
    for (int rank = 0; rank < 3; ++rank) {
      const NsysProcess process{.pid = 100 - rank, .device = static_cast<uint32_t>(rank)};
      file.Created(process, 1, 3, rank);
      file.Created(process, 2, 2, rank % 2);
      file.Created(process, 3, 3, (rank + 1) % 3);  // another one of all ranks, in another order
      file.Call(process, {.called = 1000, .started = 1010, .finished = 1100});
    }
  }
  const store::Store store = Read();
  EXPECT_EQ(store.quality.certainty, 0.9);
  EXPECT_EQ(store.ProcessOf(2)->pid, 98);
  ASSERT_EQ(store.communicators.size(), 1u);
  EXPECT_THAT(store.communicators[0].members, SizeIs(3));
  EXPECT_THAT(store.operations.count, ElementsAre(4096, 4096, 4096));
}

// Numbers that no clock shows are damage, whatever is added to them.
TEST_F(NsysTest, AbsurdTimesAreCounted) {
  {
    NsysDatabase file(Path("a.sqlite"));
    file.Call({}, {.called = 1000, .started = 1010, .finished = 1100});
    file.Execute(
        "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT 9223372036854775807, 9223372036854775807, deviceId, "
        "contextId, streamId, correlationId, globalPid, demangledName, shortName, 1 FROM "
        "CUPTI_ACTIVITY_KIND_KERNEL");
    file.Execute("UPDATE TARGET_INFO_SESSION_START_TIME SET utcEpochNs = 9223372036854775807");
  }
  const store::Store store = Read();
  EXPECT_EQ(store.operations.size(), 1u);
  EXPECT_EQ(store.quality.malformed, 1u);
}

TEST_F(NsysTest, WithoutRangesKernelsTellWhatTheyAre) {
  for (int rank = 0; rank < 2; ++rank) {
    NsysDatabase::Form form;
    form.ranges = false;
    form.capture = absl::StrCat("LOCAL_RANK=7 RANK=", 1 - rank, " python train.py");
    NsysDatabase file(Path(absl::StrCat(rank, ".sqlite")), form);
    file.Call({}, {.called = 1000, .started = 1010 + rank, .finished = 1100});
    file.Call({}, {.kernel = "ampere_sgemm", .called = 1200, .started = 1210, .finished = 1300});
  }
  const store::Store store = Read();
  ASSERT_EQ(store.operations.size(), 2u);
  EXPECT_EQ(store::OperationName(store.operations.api[0]), "AllReduce");
  EXPECT_EQ(store.quality.certainty, 0.9);
  EXPECT_THAT(store.ProcessOf(0)->source, HasSubstr("1.sqlite"));
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("2 kernels lie in no call of NCCL on record")));
}

TEST_F(NsysTest, TablesAndColumnsMayBeMissing) {
  for (int rank = 0; rank < 2; ++rank) {
    NsysDatabase::Form form;
    form.launches = form.payloads = false, form.session_ns = 0, form.inline_text = true;
    NsysDatabase file(Path(absl::StrCat("rank", rank, ".sqlite")), form);
    file.Call({}, {.called = 1000, .started = 1010, .finished = 1100});
    file.Execute("ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN globalPid");
    file.Execute("ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN shortName");
    file.Execute("ALTER TABLE NVTX_EVENTS DROP COLUMN binaryData");
  }
  const store::Store store = Read();
  EXPECT_EQ(store.operations.size(), 2u);
  EXPECT_EQ(store.quality.malformed, 0u);
  EXPECT_EQ(Diagnose().verdict.anomaly, "healthy");
}

TEST_F(NsysTest, RanksThatNothingTellsLowerTheCertainty) {
  for (const char* name : {"x.sqlite", "y.sqlite"}) {
    NsysDatabase file(Path(name));
    file.Call({}, {.called = 1000, .started = 1010, .finished = 1100});
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_LE(store.quality.certainty, 0.5);
}

TEST_F(NsysTest, MpiRanksAreTakenWhereNcclDoesNotTell) {
  {
    NsysDatabase file(Path("node.sqlite"));
    file.Execute("CREATE TABLE MPI_RANKS (globalPid INTEGER, rank INTEGER)");
    for (int rank = 0; rank < 2; ++rank) {
      const NsysProcess process{.pid = 100 + rank, .device = static_cast<uint32_t>(rank)};
      file.Call(process, {.called = 1000, .started = 1010, .finished = 1100});
      file.Execute(absl::StrCat("INSERT INTO MPI_RANKS VALUES (",
                                (int64_t{1} << 48) + (int64_t{100 + rank} << 24), ", ", 1 - rank, ")"));
    }
  }
  const store::Store store = Read();
  EXPECT_EQ(store.quality.certainty, 0.9);
  EXPECT_EQ(store.ProcessOf(0)->pid, 101);
}

// Of two communicators of the same size none can have all ranks.
TEST_F(NsysTest, PartsOfTheJobAreNotTakenForAll) {
  {
    NsysDatabase file(Path("node.sqlite"));
    for (int rank = 0; rank < 4; ++rank) {
      const NsysProcess process{.pid = 100 + rank, .device = static_cast<uint32_t>(rank)};
      const uint64_t own = rank < 2 ? 0xa : 0xb;
      file.Created(process, own, 2, rank % 2);
      file.Call(process, {.called = 1000, .started = 1010, .finished = 1100, .communicator = own});
    }
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 4u);
  EXPECT_EQ(store.quality.certainty, 0.5);
  ASSERT_EQ(store.communicators.size(), 2u);
  for (const store::Communicator& c : store.communicators) EXPECT_THAT(c.members, SizeIs(2));
}

// Rank 1's profile begins two calls later; sizes tell that the n-th calls are not the same.
TEST_F(NsysTest, WindowsThatBeginAtDifferentCallsAreAlignedByTime) {
  for (int rank = 0; rank < 2; ++rank) {
    NsysDatabase file(Path(absl::StrCat("rank", rank, ".sqlite")));
    for (int i = rank == 1 ? 2 : 0; i < 9; ++i)
      file.Call({}, {.called = 1000 * i + 1000,
                     .started = 1000 * i + 1100 + 20 * rank,
                     .finished = 1000 * i + 1500,
                     .bytes = 64 + i % 3});
  }
  const auto skews = localize::FindSkews(Read());
  ASSERT_EQ(skews.size(), 7u);
  for (const auto& skew : skews) EXPECT_EQ(skew.last - skew.first, 20'000);
  EXPECT_EQ(Diagnose().verdict.anomaly, "healthy");
}

TEST_F(NsysTest, OtherDatabasesAreNotTaken) {
  {
    NsysDatabase file(Path("view.sqlite"));
    file.Execute(
        "DROP TABLE CUPTI_ACTIVITY_KIND_KERNEL; DROP TABLE NVTX_EVENTS; DROP TABLE "
        "CUPTI_ACTIVITY_KIND_RUNTIME");
    file.Execute(
        "CREATE VIEW NVTX_EVENTS AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n "
        "AS start, "
        "n AS end, 59 AS eventType FROM c");
  }
  EXPECT_THAT(ErrorOf("view.sqlite"), HasSubstr("no flight records found"));
}

TEST_F(NsysTest, AProfileWithoutNcclIsAClearError) {
  {
    NsysDatabase file(Path("a.sqlite"));
    file.Call({}, {.name = "other", .kernel = "sgemm", .called = 1, .started = 2, .finished = 3});
  }
  EXPECT_THAT(ErrorOf("a.sqlite"), HasSubstr("no kernels of NCCL in the exports of Nsight Systems"));
}

TEST_F(NsysTest, DamagedPagesEndInAClearErrorAndSpareTheOtherFiles) {
  for (int rank = 0; rank < 2; ++rank) {
    NsysDatabase file(Path(absl::StrCat("rank", rank, ".sqlite")));
    for (int i = 1; i < 400; ++i)
      file.Call({}, {.called = i * 1000, .started = i * 1000 + 9, .finished = i * 1000 + 500});
  }
  // All pages but the first, which has the schema.
  std::fstream file(Path("rank1.sqlite"), std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(Path("rank1.sqlite")));
  for (std::streamoff at = 4096; at < size; at += 64) {
    file.seekp(at);
    file.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  }
  file.close();
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 1u);
  EXPECT_EQ(store.quality.unreadable_files, 1u);
  EXPECT_THAT(store.quality.notes,
              Contains(HasSubstr("rank1.sqlite: damaged database (database disk image is malformed)")));
}

TEST_F(NsysTest, CutFilesAreRefused) {
  {
    NsysDatabase file(Path("a.sqlite"));
    for (int i = 1; i < 400; ++i)
      file.Call({}, {.called = i * 1000, .started = i * 1000 + 9, .finished = i * 1000 + 500});
  }
  fs::resize_file(Path("a.sqlite"), fs::file_size(Path("a.sqlite")) / 2);
  EXPECT_THAT(ErrorOf("a.sqlite"), HasSubstr("export it again"));
}

TEST_F(NsysTest, AHugeTextIsRefused) {
  {
    NsysDatabase file(Path("a.sqlite"));
    file.Call({}, {.called = 1, .started = 2, .finished = 3});
    file.Execute("INSERT INTO StringIds VALUES (77, 'nccl' || hex(zeroblob(20000000)))");
  }
  EXPECT_THAT(ErrorOf("a.sqlite"), HasSubstr("string or blob too big"));
}

// Nothing beside the file is touched or made.
TEST_F(NsysTest, TheFileIsOnlyRead) {
  {
    NsysDatabase file(Path("a b%20?.sqlite"));
    file.Call({}, {.called = 1, .started = 2, .finished = 3});
  }
  std::ofstream(Path("a b%20?.sqlite-journal")) << "a journal that would be rolled back";
  fs::permissions(Path("a b%20?.sqlite"), fs::perms::owner_read);
  EXPECT_TRUE(ImportPaths({Path("a b%20?.sqlite")}).ok());
  EXPECT_TRUE(fs::exists(Path("a b%20?.sqlite-journal")));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 2);
}

TEST(NvtxPayload, LiesWhereTheSchemaSays) {
  PayloadSchemas schemas;
  schemas.Add(1, 7, 0, 18, "NCCL communicator ID", -1);
  schemas.Add(1, 7, 1, 5, "Root", -1);
  schemas.Add(1, 7, 2, 22, "Message size [bytes]", -1);  // aligned: 16
  schemas.Add(1, 7, 0, 5, "Peer rank", -1);              // told before by another process
  std::string data(32 + 24, '\0');
  data[0] = 1, data[8] = 7, data[32] = 0x22, data[48] = 9;
  const NcclPayload payload = schemas.Decode(data);
  EXPECT_EQ(payload.communicator, 0x22u);
  EXPECT_EQ(payload.bytes, 9);
  EXPECT_EQ(payload.peer, -1);
  EXPECT_EQ(schemas.Decode(data.substr(0, 40)).bytes, -1);
  data[8] = 8;
  EXPECT_FALSE(schemas.Decode(data).communicator.has_value());
}

}  // namespace
}  // namespace rankle::import
