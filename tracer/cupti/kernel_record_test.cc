// From a source of kernel times to the record and back: what was told is what is read, also of a process that
// was killed, of a ring that went round, and never of a damaged file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tracer/cupti/kernel_name.h"
#include "tracer/cupti/reader.h"
#include "tracer/cupti/recorder.h"

namespace rankle::cupti {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Hands on what it is told when it is flushed, as CUPTI does.
class MockSource final : public ActivitySource {
 public:
  const char* Start(ActivitySink* sink) override {
    sink_ = sink;
    return nullptr;
  }
  void Flush(bool) override {
    for (const KernelActivity& kernel : ended_) sink_->OnKernel(kernel);
    ended_.clear();
  }
  void Stop() override { sink_ = nullptr; }
  void Ended(const KernelActivity& kernel) { ended_.push_back(kernel); }
  void Lost(uint64_t kernels) { sink_->OnLost(kernels); }

 private:
  ActivitySink* sink_ = nullptr;
  std::vector<KernelActivity> ended_;
};

KernelActivity AllReduce(uint64_t start_ns) {
  return {.start_ns = start_ns,
          .end_ns = start_ns + 40,
          .device = 1,
          .stream = 7,
          .correlation = static_cast<uint32_t>(start_ns),
          .graph = 3,
          .name = "ncclDevKernel_AllReduce_Sum_f32_RING_LL"};
}

class KernelRecordTest : public ::testing::Test {
 protected:
  KernelRecordTest() {
    char name[] = "/tmp/kernel_record_test.XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/kernels-1-1.rkd";
  }
  ~KernelRecordTest() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }
  static files::Identity Self() {
    files::Identity identity;
    identity.pid = 42, identity.rank = 3, identity.job_id = 0xabcd, identity.host = "node7";
    identity.realtime_ns = 5'000'000'000, identity.monotonic_ns = 1'000'000'000;
    return identity;
  }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }
  KernelRecord Read() const {
    auto record = ReadKernelRecord(path_);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? *record : KernelRecord{};
  }
  std::string directory_, path_;
};

TEST_F(KernelRecordTest, WhatASourceTellsIsWhatIsRead) {
  Recorder recorder;
  ASSERT_EQ(recorder.Create(path_.c_str(), Self()), 0);
  MockSource source;
  ASSERT_EQ(source.Start(&recorder), nullptr);
  source.Ended(AllReduce(1000));
  EXPECT_THAT(Read().kernels, SizeIs(0));  // the source has not handed it on
  KernelActivity second = AllReduce(2000);
  second.name = "ncclDevKernel_SendRecv";
  source.Ended(second);
  source.Lost(5);
  source.Flush(true);
  source.Stop();

  const KernelRecord record = Read();
  EXPECT_EQ(record.pid, 42);
  EXPECT_EQ(record.rank, 3);
  EXPECT_EQ(record.job_id, 0xabcdu);
  EXPECT_EQ(record.host, "node7");
  EXPECT_EQ(record.start_realtime_ns, 5'000'000'000u);
  EXPECT_EQ(record.start_monotonic_ns, 1'000'000'000u);
  EXPECT_EQ(record.lost, 5u);
  EXPECT_EQ(record.malformed, 0u);
  ASSERT_THAT(record.kernels, SizeIs(2));
  const Kernel& kernel = record.kernels[0];
  EXPECT_EQ(kernel.start_ns, 1000u);
  EXPECT_EQ(kernel.end_ns, 1040u);
  EXPECT_EQ(kernel.device, 1u);
  EXPECT_EQ(kernel.stream, 7u);
  EXPECT_EQ(kernel.correlation, 1000u);
  EXPECT_EQ(kernel.graph, 3u);
  EXPECT_EQ(record.names[kernel.name], "ncclDevKernel_AllReduce_Sum_f32_RING_LL");
  EXPECT_EQ(record.names[record.kernels[1].name], "ncclDevKernel_SendRecv");
}

TEST_F(KernelRecordTest, ARingKeepsTheLastKernelsAndSaysHowManyThereWere) {
  Recorder recorder;
  ASSERT_EQ(recorder.Create(path_.c_str(), Self(), 8), 0);
  for (uint64_t i = 1; i <= 20; ++i) recorder.OnKernel(AllReduce(i * 100));
  const KernelRecord record = Read();
  EXPECT_EQ(record.total, 20u);
  ASSERT_THAT(record.kernels, SizeIs(8));
  EXPECT_EQ(record.kernels.front().start_ns, 1300u);
  EXPECT_EQ(record.kernels.back().start_ns, 2000u);
}

TEST_F(KernelRecordTest, MoreNamesThanThereIsRoomForCostNamesNotKernels) {
  Recorder recorder;
  ASSERT_EQ(recorder.Create(path_.c_str(), Self()), 0);
  for (uint32_t i = 0; i <= kNameCapacity; ++i) {
    KernelActivity kernel = AllReduce(100 + i);
    const std::string name = "ncclDevKernel_" + std::to_string(i);
    kernel.name = name.c_str();
    recorder.OnKernel(kernel);
  }
  const KernelRecord record = Read();
  ASSERT_THAT(record.kernels, SizeIs(kNameCapacity + 1));
  EXPECT_EQ(record.names[record.kernels[kNameCapacity - 1].name],
            "ncclDevKernel_" + std::to_string(kNameCapacity - 1));
  EXPECT_EQ(record.kernels[kNameCapacity].name, kNoName);
}

TEST_F(KernelRecordTest, AKilledProcessLeavesItsKernels) {
  const pid_t child = fork();
  if (child == 0) {
    Recorder recorder;
    if (recorder.Create(path_.c_str(), Self()) != 0) _exit(1);
    for (uint64_t i = 1; i <= 10; ++i) recorder.OnKernel(AllReduce(i * 100));
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(Read().kernels, SizeIs(10));
}

TEST_F(KernelRecordTest, DamagedFilesAreRefusedAndDamagedRowsAreCounted) {
  {
    Recorder recorder;
    ASSERT_EQ(recorder.Create(path_.c_str(), Self(), 8), 0);
    for (uint64_t i = 1; i <= 3; ++i) recorder.OnKernel(AllReduce(i * 100));
  }
  const std::string sound = Bytes();
  const auto error = [&](const std::string& bytes) {
    const auto record = ParseKernelRecord(bytes, "x.rkd");
    return record.ok() ? std::string("none") : std::string(record.status().message());
  };
  EXPECT_EQ(error(sound), "none");
  EXPECT_THAT(error("nothing"), HasSubstr("x.rkd: not a kernel record"));
  EXPECT_THAT(error(sound.substr(0, 100)), HasSubstr("cut short"));
  EXPECT_THAT(error(sound.substr(0, sound.size() - 1)), HasSubstr("cut short"));
  std::string newer = sound;
  newer[offsetof(FileHeader, version_major)] = 2;
  EXPECT_THAT(error(newer), HasSubstr("version 2"));

  std::string damaged = sound;
  const size_t rows = sizeof(FileHeader) + kNameCapacity * sizeof(NameEntry);
  const uint32_t no_such_name = kNameCapacity;
  damaged.replace(rows + offsetof(KernelRow, name), 4, reinterpret_cast<const char*>(&no_such_name), 4);
  const uint64_t before_its_start = 1;
  damaged.replace(rows + sizeof(KernelRow) + offsetof(KernelRow, end_ns), 8,
                  reinterpret_cast<const char*>(&before_its_start), 8);
  const auto record = ParseKernelRecord(damaged, "x.rkd");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->malformed, 2u);
  ASSERT_THAT(record->kernels, SizeIs(1));
  EXPECT_EQ(record->kernels[0].start_ns, 300u);
}

TEST(NcclKernelName, IsFoundInLinkageNamesOfAllVersions) {
  const struct {
    const char* linkage;
    const char* name;
  } cases[] = {
      {"_Z39ncclDevKernel_AllReduce_Sum_f32_RING_LL24ncclDevKernelArgsStorageILm4096EE",
       "ncclDevKernel_AllReduce_Sum_f32_RING_LL"},
      {"_Z36ncclKernel_AllReduce_RING_LL_Sum_f3219ncclWorkElem", "ncclKernel_AllReduce_RING_LL_Sum_f32"},
      {"ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)", "ncclDevKernel_SendRecv"},
      {"_Z33ncclAllReduceRingLLKernel_sum_f327ncclArg", "ncclAllReduceRingLLKernel_sum_f32"},
      {"_Z4gemmPf", ""},
      {"_Z16my_ncclDevKernelv", ""},
      {"_Z999999999999999999999999ncclDevKernel", ""},
      {"_Z", ""},
      {"", ""},
  };
  for (const auto& [linkage, name] : cases) EXPECT_EQ(NcclKernelName(linkage), name) << linkage;
}

}  // namespace
}  // namespace rankle::cupti
