// What is written into a site record can be read back: after a kill, with a full table, from many threads,
// and from files that somebody damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "tracer/sites/reader.h"
#include "tracer/sites/recorder.h"
#include "tracer/sites/site_id.h"

namespace rankle::sites {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

constexpr uint16_t kConnect = 600, kRead = 623;

class SiteRecordTest : public testing::Test {
 protected:
  SiteRecordTest() {
    char name[] = "/tmp/rankle-sites-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/sites-1-1.rks";
  }
  ~SiteRecordTest() override { std::filesystem::remove_all(folder_); }

  static Module ModuleAt(uint64_t base, const char* path, std::initializer_list<uint8_t> build_id = {}) {
    Module module;
    module.base = base, module.path = path;
    for (const uint8_t byte : build_id) module.build_id[module.build_id_bytes++] = byte;
    return module;
  }
  static SiteEntry* Add(Recorder& recorder, uint16_t api, uint64_t address, uint64_t caller,
                        const Module& module) {
    return recorder.Add({api, address, caller}, {address, module}, {caller, module});
  }
  void Create(Recorder& recorder, uint32_t most = 1024) const {
    files::Identity identity;
    identity.pid = 17, identity.rank = 3, identity.host = "node1", identity.monotonic_ns = 1000;
    ASSERT_EQ(recorder.Create(path_.c_str(), identity, "train --fast", most), 0);
  }
  SiteRecord Read() const {
    const auto record = ReadSiteRecord(path_);
    EXPECT_TRUE(record.ok()) << record.status();
    return record.ok() ? *record : SiteRecord();
  }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_, path_;
};

TEST_F(SiteRecordTest, KeepsWhatCallsCameToAtEachSite) {
  Recorder recorder;
  Create(recorder);
  const Module program = ModuleAt(0x1000, "/bin/train", {1, 2, 3});
  SiteEntry* const site = Add(recorder, kConnect, 0x1100, 0x1200, program);
  ASSERT_NE(site, nullptr);
  EXPECT_EQ(recorder.Find({kConnect, 0x1100, 0x1200}), site);
  EXPECT_EQ(recorder.Find({kConnect, 0x1100, 0x1201}), nullptr);
  EXPECT_EQ(recorder.Find({kRead, 0x1100, 0x1200}), nullptr);
  for (const uint64_t at : {uint64_t{2000}, uint64_t{3000}, uint64_t{4000}}) recorder.Entered(site, at);
  Recorder::Returned(site, {OutcomeKind::kOk, 0}, 10, 7);
  Recorder::Returned(site, {OutcomeKind::kError, 111}, 30, 0);

  const SiteRecord record = Read();
  EXPECT_EQ(record.rank, 3);
  EXPECT_EQ(record.host, "node1");
  EXPECT_EQ(record.command, "train --fast");
  ASSERT_EQ(record.sites.size(), 1u);
  const Site& read = record.sites[0];
  EXPECT_EQ(read.api, kConnect);
  EXPECT_EQ(read.offset, 0x100u);
  EXPECT_EQ(read.caller_offset, 0x200u);
  EXPECT_EQ(record.modules.at(read.module).path, "/bin/train");
  EXPECT_EQ(record.modules.at(read.module).build_id, "\1\2\3");
  EXPECT_EQ(read.hits, 3u);
  EXPECT_EQ(read.Unreturned(), 1u);
  EXPECT_EQ(read.first_ns, 2000u);
  EXPECT_EQ(read.last_ns, 4000u);
  EXPECT_EQ(read.time_ns, 40u);
  EXPECT_EQ(read.longest_ns, 30u);
  EXPECT_EQ(read.bytes, 7u);
  ASSERT_EQ(read.outcomes.size(), 2u);
  EXPECT_EQ(read.outcomes[0].outcome, (Outcome{OutcomeKind::kOk, 0}));
  EXPECT_EQ(read.outcomes[1].outcome, (Outcome{OutcomeKind::kError, 111}));
  EXPECT_EQ(read.outcomes[1].count, 1u);
}

TEST_F(SiteRecordTest, ASiteHasTheSameIdWhereverItsModuleIsLoaded) {
  Recorder recorder;
  Create(recorder);
  const uint64_t low = Add(recorder, kRead, 0x1100, 0x1200, ModuleAt(0x1000, "/bin/train", {1}))->id;
  const uint64_t high = Add(recorder, kRead, 0x7100, 0x7200, ModuleAt(0x7000, "/copy/of/train", {1}))->id;
  EXPECT_EQ(low, high);
  const uint64_t other_build = Add(recorder, kRead, 0x9100, 0x9200, ModuleAt(0x9000, "/bin/train", {2}))->id;
  EXPECT_NE(low, other_build);
}

TEST_F(SiteRecordTest, AModuleInPlaceOfAnotherHasSitesOfItsOwnAndOneThatReturnsGoesOn) {
  Recorder recorder;
  Create(recorder);
  const Module first = ModuleAt(0x1000, "/lib/a.so", {1}), second = ModuleAt(0x1000, "/lib/a.so", {2}),
               program = ModuleAt(0x9000, "/bin/train", {3});
  const SiteKey key{kRead, 0x1010, 0x9010};
  SiteEntry* const before = recorder.Add(key, {0x1010, first}, {0x9010, program});
  SiteEntry* const other = Add(recorder, kRead, 0x9020, 0x9030, program);
  recorder.ForgetUnloaded([](uint64_t address, const ModuleEntry&) { return address >= 0x9000; });
  EXPECT_EQ(recorder.Find(key), nullptr);
  EXPECT_EQ(recorder.Find({kRead, 0x9020, 0x9030}), other);
  SiteEntry* const after = recorder.Add(key, {0x1010, second}, {0x9010, program});
  EXPECT_NE(after, before);
  EXPECT_NE(after->id, before->id);
  EXPECT_EQ(recorder.Find(key), after);
  recorder.ForgetUnloaded([](uint64_t address, const ModuleEntry&) { return address >= 0x9000; });
  EXPECT_EQ(recorder.Add(key, {0x1010, first}, {0x9010, program}), before);
  EXPECT_EQ(Read().sites.size(), 3u);
}

TEST(SiteId, TellsFunctionsPlacesAndCallersApart) {
  const Place place{"", "/lib/a.so", 0x10}, caller{"", "/lib/a.so", 0x20}, other{"", "/lib/b.so", 0x20};
  const std::set<uint64_t> ids = {
      SiteId(1, place, &caller),  SiteId(2, place, &caller), SiteId(1, place, nullptr),
      SiteId(1, caller, &caller), SiteId(1, place, &other),
  };
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_LE(*ids.rbegin(), kLargestSiteId);
  EXPECT_EQ(SiteId(1, {"", "/elsewhere/a.so", 0x10}, nullptr), SiteId(1, {"", "a.so", 0x10}, nullptr));
}

TEST_F(SiteRecordTest, AFullRecordLosesCallsAndSaysHowMany) {
  Recorder recorder;
  Create(recorder, 5);  // one for the module
  const Module program = ModuleAt(0x1000, "/bin/train");
  uint64_t lost = 0;
  for (uint64_t address = 0x1001; address <= 0x1007; ++address) {
    SiteEntry* const site = Add(recorder, kRead, address, 0, program);
    if (site == nullptr) ++lost;
    recorder.Entered(site, 5);
    Recorder::Returned(site, {OutcomeKind::kOk, 0}, 1, 0);
  }
  EXPECT_EQ(lost, 3u);
  const SiteRecord record = Read();
  EXPECT_EQ(record.lost, 3u);
  EXPECT_EQ(record.sites.size(), 4u);
  EXPECT_FALSE(record.sites[0].has_caller);
}

TEST_F(SiteRecordTest, TheFileIsSmallUntilMoreIsNeeded) {
  constexpr uint32_t kSites = kFirstSlots + 100;
  Recorder recorder;
  Create(recorder, kSlotCapacity);
  const Module program = ModuleAt(0x1000, "/bin/train");
  const uint64_t small = std::filesystem::file_size(path_);
  EXPECT_EQ(small, 32768u);
  for (uint32_t i = 1; i <= kSites; ++i) recorder.Entered(Add(recorder, kRead, 0x1000 + i, 0, program), i);
  EXPECT_EQ(std::filesystem::file_size(path_), sizeof(FileHeader) + 4 * kFirstSlots * sizeof(Slot));
  const SiteRecord record = Read();
  EXPECT_EQ(record.sites.size(), kSites);
  EXPECT_EQ(record.lost, 0u);
}

TEST_F(SiteRecordTest, AFileThatCannotGrowLosesWhatComesAfter) {
  Recorder recorder;
  Create(recorder, kSlotCapacity);
  std::filesystem::rename(path_, path_ + "-elsewhere");
  const Module program = ModuleAt(0x1000, "/bin/train");
  for (uint32_t i = 1; i <= kFirstSlots; ++i)
    recorder.Entered(Add(recorder, kRead, 0x1000 + i, 0, program), i);
  std::filesystem::rename(path_ + "-elsewhere", path_);
  const SiteRecord record = Read();
  EXPECT_EQ(record.sites.size(), kFirstSlots - 1);  // and one module
  EXPECT_EQ(record.lost, 1u);
}

TEST_F(SiteRecordTest, OutcomesBeyondTheFewThatAreToldApartAreCountedTogether) {
  Recorder recorder;
  Create(recorder);
  SiteEntry* const site = Add(recorder, kRead, 0x1001, 0x1002, ModuleAt(0x1000, "/bin/train"));
  for (uint32_t error = 1; error <= kOutcomes + 3; ++error) {
    recorder.Entered(site, error);
    Recorder::Returned(site, {OutcomeKind::kError, error}, 1, 0);
  }
  const Site read = Read().sites.at(0);
  EXPECT_EQ(read.outcomes.size(), kOutcomes);
  EXPECT_EQ(read.other_outcomes, 3u);
  EXPECT_EQ(read.Unreturned(), 0u);
}

TEST_F(SiteRecordTest, ThreadsCountOneSiteTogetherAndNothingIsLost) {
  constexpr int kThreads = 4, kCalls = 2000, kSites = 16;
  Recorder recorder;
  Create(recorder);
  const Module program = ModuleAt(0x1000, "/bin/train");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) {
        const SiteKey key{kRead, 0x1001u + static_cast<uint64_t>(call % kSites), 0x1100};
        SiteEntry* site = recorder.Find(key);
        if (site == nullptr) site = recorder.Add(key, {key.address, program}, {key.caller, program});
        recorder.Entered(site, 1);
        Recorder::Returned(site, {OutcomeKind::kOk, 0}, 2, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const SiteRecord record = Read();
  ASSERT_EQ(record.sites.size(), size_t{kSites});
  for (const Site& site : record.sites) {
    EXPECT_EQ(site.hits, uint64_t{kThreads * kCalls / kSites});
    EXPECT_EQ(site.Unreturned(), 0u);
    EXPECT_EQ(site.bytes, site.hits);
  }
}

TEST_F(SiteRecordTest, AKilledProcessLeavesWhatItHadDone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    Recorder recorder;
    Create(recorder);
    SiteEntry* const site = Add(recorder, kConnect, 0x1001, 0x1002, ModuleAt(0x1000, "/bin/train"));
    recorder.Entered(site, 9);
    if (write(ends[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(1);
  }
  char ready;
  ASSERT_EQ(read(ends[0], &ready, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  const SiteRecord record = Read();
  ASSERT_EQ(record.sites.size(), 1u);
  EXPECT_EQ(record.sites[0].Unreturned(), 1u);
}

TEST_F(SiteRecordTest, GroundTruthKeepsTheFirstInjectionsAndCountsAll) {
  Recorder recorder;
  Create(recorder);
  SiteEntry* const site = Add(recorder, kConnect, 0x1001, 0x1002, ModuleAt(0x1000, "/bin/train"));
  for (uint64_t i = 1; i <= kInjectionCapacity + 2; ++i)
    recorder.Injected(site, {.at_ns = i, .site = site->id, .call = i, .value = 111, .api = kConnect});
  const SiteRecord record = Read();
  EXPECT_EQ(record.injected, kInjectionCapacity + 2);
  ASSERT_EQ(record.injections.size(), kInjectionCapacity);
  EXPECT_EQ(record.injections.front().call, 1u);
  EXPECT_EQ(record.injections.back().call, kInjectionCapacity);
  EXPECT_EQ(record.sites[0].injected, kInjectionCapacity + 2);
}

TEST_F(SiteRecordTest, TypeNamesAreKeptOnceAndAFullRecordSaysSo) {
  Recorder recorder;
  Create(recorder, 2);
  EXPECT_EQ(recorder.NameSlot("St13runtime_error"), 0u);
  EXPECT_EQ(recorder.NameSlot("St9bad_alloc"), 1u);
  EXPECT_EQ(recorder.NameSlot("St13runtime_error"), 0u);
  EXPECT_EQ(recorder.NameSlot("one too many"), kNoSlot);
  EXPECT_EQ(Read().names.at(1), "St9bad_alloc");
}

TEST_F(SiteRecordTest, WithoutAFileTheSlotsLieInMemory) {
  Recorder recorder;
  ASSERT_EQ(recorder.Create(nullptr, {}, "", 64), 0);
  SiteEntry* const site = Add(recorder, kRead, 0x1001, 0x1002, ModuleAt(0x1000, "/bin/train"));
  recorder.Entered(site, 1);
  EXPECT_EQ(recorder.Find({kRead, 0x1001, 0x1002})->hits.load(), 1u);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SiteRecordTest, RefusesWhatIsNoSiteRecordOrCutShort) {
  Recorder recorder;
  Create(recorder);
  const std::string bytes = Bytes();
  EXPECT_TRUE(LooksLikeSiteRecord(bytes));
  EXPECT_FALSE(LooksLikeSiteRecord("RNKLKRN1"));
  EXPECT_THAT(std::string(ParseSiteRecord("RNKLKRN1", "x").status().message()),
              HasSubstr("not a site record"));
  for (const size_t size : {size_t{8}, size_t{4095}, size_t{4096}, bytes.size() - 1})
    EXPECT_FALSE(ParseSiteRecord(std::string_view(bytes).substr(0, size), "x").ok()) << size;
  std::string newer = bytes;
  newer[offsetof(FileHeader, version_major)] = 2;
  EXPECT_THAT(std::string(ParseSiteRecord(newer, "x").status().message()), HasSubstr("version 2"));
}

TEST_F(SiteRecordTest, DamagedEntriesAreLeftOutAndCounted) {
  Recorder recorder;
  Create(recorder);
  SiteEntry* const torn = Add(recorder, kRead, 0x1001, 0x1002, ModuleAt(0x1000, "/bin/train"));
  SiteEntry* const wild = Add(recorder, kRead, 0x1003, 0x1002, ModuleAt(0x1000, "/bin/train"));
  Add(recorder, kRead, 0x1004, 0x1002, ModuleAt(0x1000, "/bin/train"));
  torn->kind = static_cast<SlotKind>(77);
  wild->module = 12345;
  const SiteRecord record = Read();
  EXPECT_EQ(record.malformed, 2u);
  ASSERT_EQ(record.sites.size(), 1u);
  EXPECT_EQ(record.sites[0].offset, 4u);
}

TEST(SiteIdText, IsTwelveDigits) {
  EXPECT_EQ(SiteIdText(0xabc), "000000000abc");
  EXPECT_EQ(SiteIdText(kLargestSiteId), "ffffffffffff");
}

}  // namespace
}  // namespace rankle::sites
