// Writer and reader together: what the hooks store is what readers see, also from files that are cut, torn or
// foreign.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tracer/record/reader.h"
#include "tracer/record/writer.h"

namespace rankle::record {
namespace {

class RecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rankle-record-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    path_ = directory_ + "/flight-1-1.rkl";
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }
  FlightRecord Read() {
    auto record = ReadFlightRecord(path_);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? *std::move(record) : FlightRecord{};
  }
  std::string Bytes() {
    std::ifstream in(path_, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  static uint64_t RecordOffset(const std::string& bytes) {
    uint64_t offset = 0;
    std::memcpy(&offset, bytes.data() + offsetof(FileHeader, record_offset), sizeof(offset));
    return offset;
  }
  static NewRecord Operation(uint32_t seq, uint64_t entered_ns = 1000) {
    NewRecord record;
    record.kind = Kind::kOperation;
    record.entered_ns = entered_ns;
    record.api = 7;
    record.seq = seq;
    record.count = 1024;
    return record;
  }
  std::string directory_, path_;
};

TEST_F(RecordTest, PackedDurationsAreExactWhenShortAndWithin15PpbWhenLong) {
  for (uint64_t ns : {1ull, 999ull, 134217727ull}) EXPECT_EQ(UnpackDuration(PackDuration(ns)), ns);
  for (uint64_t ns : {134217728ull, 3600000000123ull, 86400000000001ull}) {
    EXPECT_NEAR(static_cast<double>(UnpackDuration(PackDuration(ns))), static_cast<double>(ns), ns * 1.5e-8);
  }
  EXPECT_EQ(UnpackDuration(PackDuration(0)), 1u) << "zero would read as 'not known'";
  EXPECT_GT(UnpackDuration(PackDuration(~0ull)), 1ull << 57) << "too long saturates";
}

TEST_F(RecordTest, AnOperationIsSeenInEachStateOfItsLife) {
  Writer writer;
  ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
  Record* record = writer.Begin(Operation(1), State::kEntered);
  ASSERT_NE(record, nullptr);
  FlightRecord seen = Read();
  ASSERT_EQ(seen.events.size(), 1u);
  EXPECT_EQ(seen.events[0].state, State::kEntered);
  EXPECT_EQ(seen.events[0].returned_ns, 0u);

  Writer::SetReturned(record, 1500, 0, State::kEnqueued);
  seen = Read();
  EXPECT_EQ(seen.events[0].state, State::kEnqueued);
  EXPECT_EQ(seen.events[0].returned_ns, 1500u);

  Writer::SetStarted(record, 1600);
  EXPECT_EQ(Read().events[0].started_ns, 1600u);

  Writer::SetDeviceTimes(record, 1600, 9000);
  seen = Read();
  EXPECT_EQ(seen.events[0].state, State::kDone);
  EXPECT_EQ(seen.events[0].finished_ns, 9000u);
  EXPECT_EQ(seen.events[0].count, 1024u);
  EXPECT_EQ(seen.events[0].seq, 1u);
}

TEST_F(RecordTest, TheRingKeepsTheNewestAndNeverOverwritesWhatIsInFlight) {
  Writer writer;
  WriterOptions options;
  options.record_capacity = 64;
  ASSERT_EQ(writer.Create(path_.c_str(), options, {}), 0);
  Record* stuck = writer.Begin(Operation(1), State::kEntered);
  ASSERT_NE(stuck, nullptr);
  for (uint32_t seq = 2; seq <= 1000; ++seq) writer.Write(Operation(seq, 1000 + seq));
  const FlightRecord seen = Read();
  ASSERT_EQ(seen.events.size(), 64u);
  EXPECT_EQ(seen.events.front().seq, 1u);
  EXPECT_EQ(seen.events.front().state, State::kEntered);
  EXPECT_EQ(seen.events[1].seq, 1000u - 62);
  EXPECT_EQ(seen.events.back().seq, 1000u);
  EXPECT_EQ(seen.quality.overwritten, 1000u - 64);
  EXPECT_EQ(seen.quality.dropped, 0u);
}

TEST_F(RecordTest, WhenEverySlotIsInFlightNewRecordsAreDroppedAndCounted) {
  Writer writer;
  WriterOptions options;
  options.record_capacity = 64;
  ASSERT_EQ(writer.Create(path_.c_str(), options, {}), 0);
  for (uint32_t seq = 1; seq <= 64; ++seq) ASSERT_NE(writer.Begin(Operation(seq), State::kEntered), nullptr);
  EXPECT_EQ(writer.Begin(Operation(65), State::kEntered), nullptr);
  EXPECT_EQ(writer.Begin(Operation(66), State::kEntered), nullptr);
  const FlightRecord seen = Read();
  EXPECT_EQ(seen.events.size(), 64u);
  EXPECT_EQ(seen.quality.dropped, 2u);
}

TEST_F(RecordTest, ManyThreadsLoseNothingWhileTheRingIsLargeEnough) {
  Writer writer;
  ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
  constexpr uint32_t kThreads = 8, kEach = 4000;
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer, t] {
      for (uint32_t i = 0; i < kEach; ++i) {
        NewRecord record = Operation(i, 1000 + i);
        record.thread = static_cast<uint16_t>(t);
        Record* begun = writer.Begin(record, State::kEntered);
        Writer::SetReturned(begun, 2000 + i, 0, State::kEnqueued);
        Writer::SetDeviceTimes(begun, 2000 + i, 3000 + i);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const FlightRecord seen = Read();
  EXPECT_EQ(seen.quality.dropped + seen.quality.torn + seen.quality.malformed, 0u);
  std::set<std::pair<uint16_t, uint32_t>> distinct;
  for (const Event& event : seen.events) {
    distinct.emplace(event.thread, event.seq);
    EXPECT_EQ(event.finished_ns, 3000u + event.seq) << "a record mixed from two operations";
  }
  EXPECT_EQ(distinct.size(), size_t{kThreads} * kEach);
}

TEST_F(RecordTest, AReaderBesideBusyWritersNeverSeesAMixedRecord) {
  Writer writer;
  WriterOptions options;
  options.record_capacity = 64;  // wraps all the time
  ASSERT_EQ(writer.Create(path_.c_str(), options, {}), 0);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (uint32_t i = 1; !stop.load(); ++i) {
        NewRecord record = Operation(i, i);
        record.count = i;
        record.peer = static_cast<int32_t>(i);
        writer.Write(record);
      }
    });
  }
  // Until enough was seen: on a busy machine the writers may start late.
  size_t events = 0, mixed = 0;
  while (events < 10000) {
    for (const Event& event : Read().events) {
      ++events;
      mixed += event.count != event.seq || event.peer != static_cast<int32_t>(event.seq) ||
               event.entered_ns != event.seq;
    }
  }
  stop.store(true);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(mixed, 0u);
}

TEST_F(RecordTest, WhatAKilledProcessStoredIsThere) {
  int to_parent[2];
  ASSERT_EQ(pipe(to_parent), 0);
  const pid_t child = fork();
  if (child == 0) {
    Writer writer;
    ProcessIdentity identity;
    identity.rank = 3;
    identity.pid = getpid();
    identity.host = "node1";
    if (writer.Create(path_.c_str(), {}, identity) != 0) _exit(1);
    const uint16_t comm = writer.AddComm(0xabc, 0, 3, 8, 0, -1, "dp0", 5);
    NewRecord record = Operation(41);
    record.comm = comm;
    writer.Begin(record, State::kEntered);
    const char ready = 'r';
    if (write(to_parent[1], &ready, 1) != 1) _exit(1);
    for (uint32_t i = 0;; ++i) writer.Write(Operation(100 + i));  // killed at some instruction of this
  }
  char ready = 0;
  ASSERT_EQ(read(to_parent[0], &ready, 1), 1);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  close(to_parent[0]);
  close(to_parent[1]);
  const FlightRecord seen = Read();
  EXPECT_EQ(seen.process.rank, 3);
  EXPECT_EQ(seen.process.host, "node1");
  EXPECT_FALSE(seen.process.ended);
  ASSERT_EQ(seen.communicators.size(), 1u);
  EXPECT_EQ(seen.communicators[0].name, "dp0");
  EXPECT_EQ(seen.communicators[0].state, CommState::kInitialising);
  EXPECT_LE(seen.quality.torn, 1u) << "at most the record being written";
  const auto in_flight = std::count_if(seen.events.begin(), seen.events.end(), [](const Event& event) {
    return event.state == State::kEntered && event.seq == 41;
  });
  EXPECT_EQ(in_flight, 1);
}

TEST_F(RecordTest, SitesAndStringsAreFoundAgain) {
  Writer writer;
  ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
  const auto symbolise = [](Writer& w, SiteEntry& entry) {
    entry.module_offset = 0x10;
    entry.symbol_name = w.String("train_step");
  };
  const uint32_t first = writer.Site(0x4000, symbolise);
  EXPECT_GT(first, 0u);
  EXPECT_EQ(writer.Site(0x4000, symbolise), first);
  EXPECT_NE(writer.Site(0x5000, nullptr), first);
  NewRecord record = Operation(1);
  record.site = first;
  writer.Write(record);
  NewRecord thrown;
  thrown.kind = Kind::kException;
  thrown.site = writer.String("std::runtime_error");
  writer.Write(thrown);
  const FlightRecord seen = Read();
  ASSERT_EQ(seen.events.size(), 2u);
  EXPECT_EQ(seen.events[0].text, "std::runtime_error");
  ASSERT_LE(seen.events[1].site, seen.sites.size());
  EXPECT_EQ(seen.sites[seen.events[1].site - 1].symbol, "train_step");
  EXPECT_EQ(seen.sites[seen.events[1].site - 1].hits, 2u);
}

TEST_F(RecordTest, FullTablesAreCountedAndChangeNothingElse) {
  Writer writer;
  WriterOptions options;
  options.comm_capacity = 1;
  options.string_capacity = 16;
  ASSERT_EQ(writer.Create(path_.c_str(), options, {}), 0);
  EXPECT_EQ(writer.AddComm(1, 0, 0, 2, 0, -1, "a", 1), 0);
  EXPECT_EQ(writer.AddComm(2, 0, 0, 2, 0, -1, "b", 1), kNoComm);
  EXPECT_GT(writer.String("0123456789"), 0u);
  EXPECT_EQ(writer.String("0123456789"), 0u);
  EXPECT_GT(writer.String("ab"), 0u) << "what still fits is still stored";
  EXPECT_EQ(Read().quality.comms_dropped, 1u);
}

TEST_F(RecordTest, CreateReportsWhyItCannotRecord) {
  Writer writer;
  EXPECT_EQ(writer.Create((directory_ + "/missing/x.rkl").c_str(), {}, {}), ENOENT);
  EXPECT_FALSE(writer.is_open());
  EXPECT_EQ(writer.Begin(Operation(1), State::kEntered), nullptr);
  EXPECT_EQ(writer.AddComm(1, 0, 0, 2, 0, -1, "a", 1), kNoComm);
  ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
  Writer other;
  EXPECT_EQ(other.Create(path_.c_str(), {}, {}), EEXIST) << "never two writers on one file";
}

// Files of this process may not grow beyond `bytes` while it lives (ulimit -f).
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit lower{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST_F(RecordTest, ALimitOnFileSizesIsAnErrorAndNotTheEndOfTheProcess) {
  const FileSizeLimit limit(64 * 1024);
  Writer writer;
  EXPECT_EQ(writer.Create(path_.c_str(), {}, {}), EFBIG);
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(RecordTest, ForeignCutAndNewerFilesAreToldApart) {
  {
    Writer writer;
    ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
    for (uint32_t seq = 1; seq <= 200; ++seq) writer.Write(Operation(seq));
  }
  const std::string whole = Bytes();
  EXPECT_EQ(ParseFlightRecord("{\"schema\":1}", "x").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseFlightRecord(whole.substr(0, 100), "x").status().code(), absl::StatusCode::kDataLoss);

  std::string newer = whole;
  newer[offsetof(FileHeader, version_major)] = kVersionMajor + 1;
  const absl::Status refused = ParseFlightRecord(newer, "dir/flight-9.rkl").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(refused.message()), ::testing::StartsWith("dir/flight-9.rkl:"));

  std::string minor = whole;
  minor[offsetof(FileHeader, version_minor)] = kVersionMinor + 3;
  EXPECT_TRUE(ParseFlightRecord(minor, "x").ok());

  const uint64_t offset = RecordOffset(whole);
  auto cut = ParseFlightRecord(whole.substr(0, offset + 64 * 101), "x");
  ASSERT_TRUE(cut.ok());
  EXPECT_TRUE(cut->quality.truncated);
  EXPECT_EQ(cut->events.size(), 100u)
      << "what is readable is still read (slot 0 is empty: tickets start at 1)";
}

TEST_F(RecordTest, DamagedRecordsAreCountedAndTheOthersKept) {
  {
    Writer writer;
    ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
    for (uint32_t seq = 1; seq <= 10; ++seq) writer.Write(Operation(seq));
  }
  std::string bytes = Bytes();
  const uint64_t offset = RecordOffset(bytes);
  const uint64_t bad_kind = PackHead(3, static_cast<Kind>(99), State::kDone);
  std::memcpy(bytes.data() + offset + 3 * 64, &bad_kind, 8);
  const uint64_t torn = PackHead(4, Kind::kOperation, State::kWriting);
  std::memcpy(bytes.data() + offset + 4 * 64, &torn, 8);
  auto seen = ParseFlightRecord(bytes, "x");
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->events.size(), 8u);
  EXPECT_EQ(seen->quality.malformed, 1u);
  EXPECT_EQ(seen->quality.torn, 1u);
}

TEST_F(RecordTest, OutlineTellsRankJobAndHowManyRecordsThereAreAtMost) {
  ProcessIdentity identity;
  identity.rank = 5, identity.job_id = 77;
  Writer writer;
  ASSERT_EQ(writer.Create(path_.c_str(), {.record_capacity = 64}, identity), 0);
  for (uint64_t written = 0; written <= 200; written += 50) {
    const auto outline = ReadOutline(path_);
    ASSERT_TRUE(outline.ok()) << outline.status();
    EXPECT_EQ(outline->rank, 5);
    EXPECT_EQ(outline->job_id, 77u);
    EXPECT_GE(outline->records, Read().events.size());
    EXPECT_LE(outline->records, std::min<uint64_t>(written + 1, 64));
    for (uint32_t seq = 1; seq <= 50; ++seq) writer.Write(Operation(seq));
  }
  EXPECT_EQ(ReadOutline(directory_ + "/none.rkl").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RecordTest, NothingOfAnEarlierFileIsLeftInAValueThatIsUsedAgain) {
  FlightRecord again;
  for (int file = 0; file < 2; ++file) {
    unlink(path_.c_str());
    Writer writer;
    ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
    NewRecord operation = Operation(1);
    if (file == 0) operation.site = writer.Site(0x1000, nullptr);
    if (file == 0) writer.AddComm(9, 0, 0, 2, 0, -1, "dp", 1);
    for (int k = 0; k < (file == 0 ? 50 : 3); ++k) writer.Write(operation);
    ASSERT_TRUE(ReadFlightRecord(path_, {}, again).ok());
    EXPECT_EQ(again.events.size(), file == 0 ? 50u : 3u);
    EXPECT_EQ(again.communicators.size(), file == 0 ? 1u : 0u);
    EXPECT_EQ(again.sites.empty(), file != 0);
    EXPECT_EQ(again.events[0].site != 0, file == 0);
  }
}

TEST_F(RecordTest, SitesCanBeLeftOut) {
  Writer writer;
  ASSERT_EQ(writer.Create(path_.c_str(), {}, {}), 0);
  NewRecord operation = Operation(1);
  operation.site = writer.Site(0x1000, nullptr);
  writer.Write(operation);
  FlightRecord record;
  ASSERT_TRUE(ReadFlightRecord(path_, {.sites = false}, record).ok());
  EXPECT_TRUE(record.sites.empty());
  ASSERT_EQ(record.events.size(), 1u);
  EXPECT_EQ(record.events[0].site, 0u);
}

}  // namespace
}  // namespace rankle::record
