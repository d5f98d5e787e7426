// The transport record: what is counted on a link, what a killed writer leaves, and what a damaged file does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <numeric>
#include <sstream>
#include <thread>

#include "tracer/transport/reader.h"
#include "tracer/transport/recorder.h"

namespace rankle::transport {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr uint64_t kStart = 1'000'000'000;

uint64_t Sum(const Counts& counts) { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

class TransportRecordTest : public ::testing::Test {
 protected:
  TransportRecordTest()
      : path_(::testing::TempDir() + "transport-test-" + std::to_string(getpid()) + ".rkt") {
    unlink(path_.c_str());
  }
  ~TransportRecordTest() override { unlink(path_.c_str()); }

  void Open(Recorder& recorder) {
    files::Identity identity;
    identity.pid = 77, identity.rank = 3, identity.monotonic_ns = kStart, identity.host = "node";
    ASSERT_EQ(recorder.Create(path_.c_str(), identity), 0);
  }
  static void Step(Recorder& recorder, LinkEntry* link, uint32_t bytes, uint64_t at, uint64_t took) {
    StepSlot* const step = recorder.Begin(link, 0, 0, at);
    recorder.SetMoving(step, bytes, at);
    recorder.End(step, at + took);
  }
  TransportRecord Read() {
    auto record = ReadTransportRecord(path_);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? *record : TransportRecord{};
  }
  std::string path_;
};

TEST(HistogramTest, BucketsTileTheirRangeAndAreNarrow) {
  for (int b = 0; b < kBuckets; ++b) {
    EXPECT_EQ(BucketOf(BucketFloor(b)), b);
    EXPECT_EQ(BucketOf(BucketFloor(b + 1) - 1), b);
    EXPECT_LE(static_cast<double>(BucketFloor(b + 1)) / static_cast<double>(BucketFloor(b)), 1.125);
  }
  EXPECT_EQ(BucketOf(1), 0);
  EXPECT_EQ(BucketOf(UINT64_MAX), kBuckets - 1);
}

TEST(LinkKeyTest, EveryFieldSurvives) {
  const LinkKey key = LinkKey::Unpack(LinkKey{4095, 1048575, 17, 255, true}.Pack());
  EXPECT_EQ(key.comm, 4095u);
  EXPECT_EQ(key.self, 1048575u);
  EXPECT_EQ(key.peer, 17u);
  EXPECT_EQ(key.channel, 255u);
  EXPECT_TRUE(key.is_send);
}

TEST_F(TransportRecordTest, LinksCountStepsBytesAndTimes) {
  Recorder recorder;
  Open(recorder);
  CommEntry* const comm = recorder.AddComm(kStart + 5, 0xfeed, 1, 4, "dp0");
  LinkEntry* const link = recorder.Link(comm, 1, 2, 7, true);
  EXPECT_EQ(recorder.Link(comm, 1, 2, 7, true), link);
  EXPECT_NE(recorder.Link(comm, 1, 2, 7, false), link);
  Step(recorder, link, 1000, kStart + 10, 50'000);
  Step(recorder, link, 512 << 10, kStart + 20, 1'000'000);
  StepSlot* const open = recorder.Begin(link, 0, 9, kStart + 30);
  ASSERT_NE(open, nullptr);

  const TransportRecord record = Read();
  EXPECT_EQ(record.rank, 3);
  ASSERT_THAT(record.communicators, SizeIs(1));
  EXPECT_EQ(record.communicators[0].hash, 0xfeedu);
  EXPECT_EQ(record.communicators[0].name, "dp0");
  ASSERT_THAT(record.links, SizeIs(2));
  const LinkRecord& sent = record.links[record.links[0].key.is_send ? 0 : 1];
  EXPECT_EQ(sent.posted, 3u);
  EXPECT_EQ(sent.moved, 2u);
  EXPECT_EQ(sent.bytes, 1000u + (512 << 10));
  EXPECT_EQ(sent.times[0][BucketOf(50'000)], 1u);
  EXPECT_EQ(sent.times[1][BucketOf(2'000'000)], 1u);  // 1 ms for half a MiB
  ASSERT_THAT(record.open_steps, SizeIs(1));
  EXPECT_EQ(record.open_steps[0].step, 9u);
  EXPECT_EQ(record.open_steps[0].link.Pack(), sent.key.Pack());
}

TEST_F(TransportRecordTest, OperationsKnowHowFarTheirStepsAre) {
  Recorder recorder;
  Open(recorder);
  CommEntry* const comm = recorder.AddComm(kStart, 1, 0, 4, "");
  LinkEntry* const send = recorder.Link(comm, 0, 1, 0, true);
  LinkEntry* const receive = recorder.Link(comm, 0, 3, 0, false);
  const uint32_t number = recorder.BeginOperation(comm, {"AllReduce", 4096, 17, 2}, kStart + 1);
  recorder.BeginTransfer(number), recorder.BeginTransfer(number);
  StepSlot* const sent = recorder.Begin(send, number, 0, kStart + 10);
  StepSlot* const arriving = recorder.Begin(receive, number, 0, kStart + 12);
  ASSERT_NE(arriving, nullptr);
  recorder.SetMoving(sent, 100, kStart + 11);
  recorder.End(sent, kStart + 20);
  recorder.EndTransfer(number);

  const TransportRecord record = Read();
  ASSERT_THAT(record.operations, SizeIs(1));
  const OperationRecord& o = record.operations[0];
  EXPECT_EQ(o.function, "AllReduce");
  EXPECT_EQ(o.count, 4096u);
  EXPECT_EQ(o.sequence, 17u);
  EXPECT_EQ(o.peer, 2);
  EXPECT_EQ(o.begun_ns, kStart + 1);
  EXPECT_EQ(o.first_posted_ns, kStart + 10);
  EXPECT_EQ(o.last_moved_ns, kStart + 20);
  EXPECT_EQ(o.bytes, 100u);
  EXPECT_EQ(o.open, 1u);
  EXPECT_EQ(o.posted, (std::array<uint32_t, 2>{1, 1}));
  EXPECT_EQ(o.moved, (std::array<uint32_t, 2>{1, 0}));
  ASSERT_THAT(record.open_steps, SizeIs(1));
  EXPECT_EQ(record.open_steps[0].operation, number);
}

TEST_F(TransportRecordTest, AnOperationInFlightIsNeverTakenOver) {
  Recorder recorder;
  Open(recorder);
  CommEntry* const comm = recorder.AddComm(kStart, 1, 0, 4, "");
  const uint32_t stuck = recorder.BeginOperation(comm, {"Send", 1, 0, 1}, kStart);
  recorder.BeginTransfer(stuck);
  uint32_t last = 0;
  for (uint32_t i = 0; i < 3 * kOperationCapacity; ++i)
    ASSERT_NE(last = recorder.BeginOperation(comm, {"AllReduce", i, 0, 0}, kStart + i), 0u);
  // What was taken over is forgotten, and counts nothing any more.
  recorder.Begin(recorder.Link(comm, 0, 1, 0, true), stuck + 1, 0, kStart);
  const TransportRecord record = Read();
  EXPECT_THAT(record.operations, SizeIs(kOperationCapacity));
  EXPECT_EQ(record.operations.front().number, stuck);
  EXPECT_EQ(record.operations.back().number, last);
  for (const OperationRecord& o : record.operations) EXPECT_EQ(o.posted[kSends], 0u);
  EXPECT_EQ(record.operations_dropped, 0u);
}

TEST_F(TransportRecordTest, FilesWithoutOperationsAreRead) {
  {
    Recorder recorder;
    Open(recorder);
    CommEntry* const comm = recorder.AddComm(kStart, 1, 0, 4, "");
    recorder.BeginOperation(comm, {"Send", 1, 0, 1}, kStart);
    // As version 1.0 wrote it.
    FileHeader* const h = recorder.header();
    h->version_minor = 0, h->operation_offset = 0, h->operation_capacity = h->operation_bytes = 0;
  }
  EXPECT_THAT(Read().operations, SizeIs(0));
  EXPECT_THAT(Read().communicators, SizeIs(1));
}

TEST_F(TransportRecordTest, WindowsKeepTheLastOnesAndTotalsKeepAll) {
  Recorder recorder;
  Open(recorder);
  LinkEntry* const link = recorder.Link(recorder.AddComm(kStart, 1, 0, 2, ""), 0, 1, 0, true);
  constexpr uint64_t kLast = 10;
  for (uint64_t window = 0; window <= kLast; ++window) {
    for (uint64_t i = 0; i <= window; ++i) Step(recorder, link, 100, kStart + window * kWindowNs + 1, 60'000);
  }
  const TransportRecord record = Read();
  ASSERT_THAT(record.links, SizeIs(1));
  EXPECT_EQ(Sum(record.links[0].times[0]), 66u);  // 1 + 2 + ... + 11
  ASSERT_THAT(record.links[0].windows, SizeIs(kWindows));
  EXPECT_EQ(record.links[0].windows.front().begin_ns, kStart + (kLast + 1 - kWindows) * kWindowNs);
  EXPECT_EQ(Sum(record.links[0].windows.front().times[0]), kLast + 2 - kWindows);
  EXPECT_EQ(Sum(record.links[0].windows.back().times[0]), kLast + 1);
  EXPECT_EQ(record.links[0].windows.back().bytes, 100 * (kLast + 1));
}

TEST_F(TransportRecordTest, ThreadsLoseNothing) {
  Recorder recorder;
  Open(recorder);
  LinkEntry* const link = recorder.Link(recorder.AddComm(kStart, 1, 0, 2, ""), 0, 1, 0, true);
  constexpr int kThreads = 4, kSteps = 20'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kSteps; ++i) Step(recorder, link, 64, kStart + 1, 5'000);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const TransportRecord record = Read();
  EXPECT_EQ(record.links[0].posted, uint64_t{kThreads} * kSteps);
  EXPECT_EQ(record.links[0].moved, uint64_t{kThreads} * kSteps);
  EXPECT_EQ(Sum(record.links[0].times[0]), uint64_t{kThreads} * kSteps);
  EXPECT_EQ(record.steps_dropped, 0u);
}

TEST_F(TransportRecordTest, FullTablesAreCounted) {
  Recorder recorder;
  Open(recorder);
  CommEntry* const comm = recorder.AddComm(kStart, 1, 0, 2000, "");
  for (uint32_t peer = 0; peer < kLinkCapacity; ++peer)
    ASSERT_NE(recorder.Link(comm, 0, static_cast<int>(peer), 0, true), nullptr);
  EXPECT_EQ(recorder.Link(comm, 0, 5000, 0, true), nullptr);
  LinkEntry* const link = recorder.Link(comm, 0, 7, 0, true);
  for (uint32_t i = 0; i < kStepCapacity; ++i) ASSERT_NE(recorder.Begin(link, 0, i, kStart), nullptr);
  EXPECT_EQ(recorder.Begin(link, 0, 0, kStart), nullptr);
  const TransportRecord record = Read();
  EXPECT_EQ(record.links_dropped, 1u);
  EXPECT_EQ(record.steps_dropped, 1u);
  EXPECT_THAT(record.open_steps, SizeIs(kStepCapacity));
}

TEST_F(TransportRecordTest, SurvivesKill) {
  const pid_t child = fork();
  if (child == 0) {
    Recorder recorder;
    files::Identity identity;
    identity.monotonic_ns = kStart;
    if (recorder.Create(path_.c_str(), identity) != 0) _exit(1);
    LinkEntry* const link = recorder.Link(recorder.AddComm(kStart, 1, 0, 2, ""), 0, 1, 0, true);
    Step(recorder, link, 10, kStart, 5000);
    recorder.Begin(link, 0, 42, kStart + 1);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const TransportRecord record = Read();
  ASSERT_THAT(record.links, SizeIs(1));
  EXPECT_EQ(record.links[0].posted, 2u);
  EXPECT_EQ(record.links[0].moved, 1u);
  ASSERT_THAT(record.open_steps, SizeIs(1));
  EXPECT_EQ(record.open_steps[0].step, 42u);
}

TEST_F(TransportRecordTest, DamagedFilesAreRefusedInOneLine) {
  {
    Recorder recorder;
    Open(recorder);
  }
  std::ifstream file(path_, std::ios::binary);
  std::stringstream whole;
  whole << file.rdbuf();
  const std::string bytes = whole.str();
  EXPECT_THAT(std::string(ParseTransportRecord("x", "a.rkt").status().message()),
              HasSubstr("a.rkt: not a transport record"));
  EXPECT_THAT(std::string(ParseTransportRecord(bytes.substr(0, 100), "a.rkt").status().message()),
              HasSubstr("cut short"));
  EXPECT_THAT(std::string(ParseTransportRecord(bytes.substr(0, 8192), "a.rkt").status().message()),
              HasSubstr("cut short"));
  std::string other = bytes;
  other[8] = 9;
  EXPECT_THAT(std::string(ParseTransportRecord(other, "a.rkt").status().message()), HasSubstr("version 9"));
  std::string damaged = bytes;
  damaged[sizeof(FileHeader) + kCommCapacity * sizeof(CommEntry)] = 1;  // a link without a communicator
  auto record = ParseTransportRecord(damaged, "a.rkt");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->malformed, 1u);
}

}  // namespace
}  // namespace rankle::transport
