// Kernel records join the job that flight records made: exact times for operations, on the job's axis, and an
// honest account of which.
#include "analyzer/import/kernels/kernel_assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "analyzer/import/host_clocks.h"
#include "analyzer/import/importer.h"
#include "analyzer/store/sql.h"
#include "analyzer/testing/job_builder.h"
#include "tracer/cupti/recorder.h"
#include "tracer/record/reader.h"

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Two ranks with three all-reduces of 50 ms at 0.1, 0.2 and 0.3 s.
store::Store Job() {
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  for (int i = 1; i <= 3; ++i) job.Collective(dp, 0.1 * i, 0.1 * i + 0.05);
  job.ObservedUntil(1);
  return job.Build();
}

cupti::KernelRecord RecordOf(const store::Store& store, int rank) {
  const store::Process& p = store.processes[rank];
  cupti::KernelRecord record;
  record.pid = p.pid, record.host = p.host, record.job_id = p.job_id;
  record.names = {"ncclDevKernel_AllReduce_Sum_f32_RING_LL", "ncclDevKernel_SendRecv"};
  return record;
}

// A kernel inside the events of operation `i` of a rank: 1 ms after their start to 2 ms before their end.
void AddKernelOf(const store::Store& store, int rank, size_t i, uint32_t name, cupti::KernelRecord& record) {
  const size_t operation = store.rank_begin(rank) + i;
  const int64_t offset = store.processes[rank].clock_offset;
  cupti::Kernel kernel;
  kernel.number = record.kernels.size() + 1, kernel.name = name, kernel.device = 0, kernel.stream = 17;
  kernel.start_ns = static_cast<uint64_t>(store.operations.started[operation] - offset + 1'000'000);
  kernel.end_ns = static_cast<uint64_t>(store.operations.finished[operation] - offset - 2'000'000);
  record.kernels.push_back(kernel);
}

TEST(KernelAssembler, OperationsGetTheTimesOfTheirKernels) {
  store::Store store = Job();
  const store::Operations before = store.operations;
  cupti::KernelRecord record = RecordOf(store, 1);
  for (size_t i : {0, 2}) AddKernelOf(store, 1, i, 0, record);
  record.lost = 3;
  AddKernels({record}, store);
  ApplyKernelTimes(store);

  const size_t first = store.rank_begin(1);
  const auto& o = store.operations;
  for (size_t i : {first, first + 2}) {
    EXPECT_EQ(o.started[i], before.started[i] + 1'000'000);
    EXPECT_EQ(o.finished[i], before.finished[i] - 2'000'000);
  }
  EXPECT_EQ(o.started[first + 1], before.started[first + 1]);
  for (size_t i = 0; i < first; ++i) EXPECT_EQ(o.finished[i], before.finished[i]);
  EXPECT_EQ(store.quality.kernel_timed_operations, 2u);
  EXPECT_THAT(store.quality.kernel_timed_ranks, ElementsAre(1));
  ASSERT_THAT(store.quality.notes, SizeIs(1));
  EXPECT_THAT(store.quality.notes[0],
              HasSubstr("device times of 2 of 6 operations (ranks 1) are those of their"));
  EXPECT_THAT(store.quality.notes[0], HasSubstr("CUPTI lost 3"));
}

TEST(KernelAssembler, KernelsAreATableWithTheirOperationWhereItIsKnown) {
  store::Store store = Job();
  cupti::KernelRecord record = RecordOf(store, 0);
  AddKernelOf(store, 0, 1, 0, record);
  AddKernelOf(store, 0, 2, 1, record);  // a send cannot be an all-reduce
  AddKernels({record}, store);
  ApplyKernelTimes(store);
  EXPECT_THAT(store.quality.notes.back(), HasSubstr("1 of 2 kernels fit no operation"));

  auto database = store::Database::Open();
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(AddStoreTables(store, *database).ok());
  auto joined = database->Query(
      "SELECT k.rank, k.seq, k.kernel, k.stream FROM kernels k JOIN operations o ON o.rank = k.rank "
      "AND o.communicator = k.communicator AND o.seq = k.seq AND o.p2p = k.p2p "
      "WHERE k.started_s = o.started_s AND k.finished_s = o.finished_s");
  ASSERT_TRUE(joined.ok()) << joined.status();
  ASSERT_THAT(joined->rows, SizeIs(1));
  auto alone = database->Query("SELECT rank, kernel FROM kernels WHERE op IS NULL AND communicator IS NULL");
  ASSERT_TRUE(alone.ok()) << alone.status();
  ASSERT_THAT(alone->rows, SizeIs(1));
}

TEST(KernelAssembler, AGroupSharesItsKernel) {
  testing::JobBuilder job(1);
  const int dp = job.Communicator("dp", {0});
  for (const char* api : {"ncclAllReduce", "ncclBroadcast"})
    job.Add({.rank = 0,
             .communicator = dp,
             .api = api,
             .entered = 0.1,
             .finished = 0.2,
             .started = 0.1,
             .group = 5});
  job.ObservedUntil(1);
  store::Store store = job.Build();
  cupti::KernelRecord record = RecordOf(store, 0);
  AddKernelOf(store, 0, 0, 0, record);
  const int64_t started = store.operations.started[0] + 1'000'000;
  AddKernels({record}, store);
  ApplyKernelTimes(store);
  EXPECT_EQ(store.operations.started[0], started);
  EXPECT_EQ(store.operations.started[1], started);
  EXPECT_EQ(store.quality.kernel_timed_operations, 2u);
}

TEST(KernelAssembler, KernelsMoveWithTheOperationsOfAHostWhoseClockIsCorrected) {
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.OnHost(1, "far");
  job.Steps(dp, 1, 3);
  job.ObservedUntil(1);
  store::Store store = job.Build();
  const size_t operation = store.rank_begin(1) + 1;
  const int64_t before = store.operations.started[operation];
  store.kernels.push_back({.process = store.ranks[1].process,
                           .started = before,
                           .finished = store.operations.finished[operation]});
  AlignClocks({{.host = store.processes[store.ranks[0].process].host},
               {.host = "far", .offset_ns = 3'000'000, .reference_ns = 1, .drift = 200e-6}},
              store);
  EXPECT_NE(store.kernels[0].started, before);
  EXPECT_EQ(store.kernels[0].started, store.operations.started[operation]);
  EXPECT_EQ(store.kernels[0].finished, store.operations.finished[operation]);
}

TEST(KernelAssembler, RecordsAreFoundBesideFlightRecords) {
  char name[] = "/tmp/kernel_assembler_test.XXXXXX";
  const std::string directory = mkdtemp(name);
  testing::JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Steps(dp, 1, 200, 0.5);
  job.ObservedUntil(101);
  ASSERT_TRUE(job.WriteTo(directory));
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() != ".rkl") continue;
    const auto record = record::ReadFlightRecord(file.path());
    ASSERT_TRUE(record.ok()) << record.status();
    const record::Process& p = record->process;
    if (p.rank != 1) continue;
    files::Identity identity;
    identity.pid = p.pid, identity.rank = p.rank, identity.job_id = p.job_id, identity.host = p.host.c_str();
    cupti::Recorder recorder;
    ASSERT_EQ(recorder.Create((directory + "/kernels-1-1.rkd").c_str(), identity, 1024), 0);
    for (const record::Event& e : record->events) {
      if (e.kind != record::Kind::kOperation) continue;
      recorder.OnKernel({.start_ns = e.started_ns + 2000,
                         .end_ns = e.finished_ns - 1000,
                         .device = 1,
                         .stream = 17,
                         .name = "ncclDevKernel_AllReduce_Sum_f32_RING_LL"});
    }
  }
  const auto store = ImportPaths({directory});
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(store->kernels, SizeIs(200));
  EXPECT_EQ(store->quality.kernel_timed_operations, 200u);
  EXPECT_THAT(store->quality.kernel_timed_ranks, ElementsAre(1));
}

TEST(KernelAssembler, ARecordOfNoKnownProcessIsLeftOutWithANote) {
  store::Store store = Job();
  cupti::KernelRecord record = RecordOf(store, 0);
  AddKernelOf(store, 0, 0, 0, record);
  record.pid += 1000;
  AddKernels({record}, store);
  ApplyKernelTimes(store);
  EXPECT_THAT(store.kernels, SizeIs(0));
  EXPECT_THAT(store.quality.notes, ElementsAre(HasSubstr("1 kernel records belong to no process")));
}

}  // namespace
}  // namespace rankle::import
