// The runtime's tables as a reader finds them: counts, callers, signatures, what injection leaves; sound and
// damaged files.
#include "tracer/points/points_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "detectors/instrument/runtime/rankle_points.h"

namespace rankle::points_record {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string ReadAll(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Recorded : public ::testing::Test {
 protected:
  Recorded() : folder_(fs::temp_directory_path() / ("rankle-record-" + std::to_string(getpid()))) {
    fs::create_directory(folder_);
  }
  ~Recorded() override { fs::remove_all(folder_); }

  // Runs in a process of its own, as the runtime is started once a process. Returns the status of waitpid.
  int Run(const char* arm, const std::function<void()>& program) {
    const pid_t pid = fork();
    if (pid == 0) {
      setenv("RANKLE_POINTS_OUT", folder_.c_str(), 1);
      if (arm) setenv("RANKLE_POINTS_ARM", arm, 1);
      program();
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
  }
  std::string Bytes() {
    const std::vector<fs::path> files(fs::directory_iterator(folder_), fs::directory_iterator{});
    EXPECT_THAT(files, SizeIs(1));
    return ReadAll(files.front());
  }
  PointsRecord Record() {
    const auto record = ReadPointsRecord(Bytes(), "record");
    EXPECT_TRUE(record.ok()) << record.status();
    return *record;
  }
  static SiteCounts Of(const PointsRecord& record, uint64_t point) {
    const auto it = std::find_if(record.sites.begin(), record.sites.end(),
                                 [&](const SiteCounts& counts) { return counts.site.point == point; });
    return it == record.sites.end() ? SiteCounts{} : *it;
  }

  fs::path folder_;
};

constexpr uint64_t kLoop = 0x1100, kInner = 0x1200, kBranch = 0x1300, kCall = 0x1400, kThrow = 0x1500,
                   kAsk = 0x1600;

TEST_F(Recorded, LoopsCountRunsIterationsAndTheLongestRun) {
  Run(nullptr, [] {
    for (int length : {3, 200, 0}) {
      rankle_points::Loop loop(kLoop);
      for (int i = 0; i < length; ++i) loop.Next();
    }
  });
  const SiteCounts counts = Of(Record(), kLoop);
  EXPECT_EQ(counts.hits, 3u);
  EXPECT_EQ(counts.count, 203u);
  EXPECT_EQ(counts.most, 200u);
}

TEST_F(Recorded, IterationsWithTheSameOutcomesShareASignature) {
  Run(nullptr, [] {
    rankle_points::Loop loop(kLoop);
    for (int i = 0; i < 6; ++i) {
      loop.Next();
      if (rankle_points::Branch(kBranch, i == 4)) rankle_points::Case(kCall, 7);
    }
  });
  const PointsRecord record = Record();
  ASSERT_THAT(record.signatures, SizeIs(2));
  for (const Signature& signature : record.signatures) {
    if (signature.seen == 1) {
      EXPECT_THAT(signature.last, ElementsAre(kBranch | 1, kCall | 7));
    } else {
      EXPECT_EQ(signature.seen, 5u);
      EXPECT_THAT(signature.last, ElementsAre(kBranch));
    }
  }
}

TEST_F(Recorded, StepsOfAnInnerLoopAreNotTheOuterOnes) {
  Run(nullptr, [] {
    rankle_points::Loop outer(kLoop);
    outer.Next();
    rankle_points::Branch(kBranch, true);
    {
      rankle_points::Loop inner(kInner);
      inner.Next();
      rankle_points::Branch(kAsk, false);
    }
    rankle_points::Branch(kBranch, false);
  });
  for (const Signature& signature : Record().signatures) {
    if (signature.loop.point == kLoop) {
      EXPECT_THAT(signature.last, ElementsAre(kBranch | 1, kBranch));
    } else {
      EXPECT_THAT(signature.last, ElementsAre(kAsk));
    }
  }
}

TEST_F(Recorded, IterationsOfAnInnerLoopAreCountedForEachIterationAroundIt) {
  Run(nullptr, [] {
    const auto inner = [](int iterations) {
      rankle_points::Scope scope(30);
      rankle_points::Loop loop(kInner);
      for (int i = 0; i < iterations; ++i) loop.Next();
    };
    rankle_points::Loop outer(kLoop);
    for (const int iterations : {3, 3, 0, 2, 40}) {
      outer.Next();
      inner(iterations);
    }
    outer.Next();  // two runs in one iteration
    inner(1);
    inner(2);
  });
  const PointsRecord record = Record();
  ASSERT_THAT(record.nests, SizeIs(1));
  EXPECT_EQ(record.nests[0].loop.point, uint64_t{kInner});
  EXPECT_EQ(record.nests[0].parent, uint64_t{kLoop});
  EXPECT_THAT(record.nests[0].bins, ElementsAre(std::pair(2u, 1u), std::pair(3u, 3u), std::pair(32u, 1u)));
  EXPECT_EQ(record.lost_nests, 0u);
}

TEST_F(Recorded, MoreLoopsInOneThanThereIsRoomForAreCountedAsLost) {
  Run(nullptr, [] {
    rankle_points::Loop outer(kLoop);
    outer.Next();
    for (uint64_t point = 1; point <= 10; ++point) rankle_points::Loop(point << 16).Next();
  });
  EXPECT_THAT(Record().nests, SizeIs(8));
  EXPECT_EQ(Record().lost_nests, 2u);
}

TEST(Bins, HoldEveryNumberOfIterationsOnce) {
  uint32_t before = 0;
  for (uint64_t iterations = 1; iterations < 100'000; ++iterations) {
    const uint32_t bin = rankle_points::internal::BinOf(iterations);
    ASSERT_LT(bin, rankle_points::kNestBins);
    ASSERT_GE(bin, before);
    ASSERT_LE(rankle_points::LeastOfBin(bin), iterations);
    if (bin + 1 < rankle_points::kNestBins) {
      ASSERT_GT(rankle_points::LeastOfBin(bin + 1), iterations);
    }
    before = bin;
  }
}

TEST_F(Recorded, SitesAreToldApartByTwoCallersAlsoAfterAnException) {
  Run(nullptr, [] {
    const auto leaf = [] {
      rankle_points::Scope scope(30);
      rankle_points::Fails(kCall);
    };
    const auto throwing = [&] {
      rankle_points::Scope scope(20);
      rankle_points::Loop loop(kLoop);
      loop.Next();
      leaf();
      throw std::runtime_error("up");
    };
    rankle_points::Scope scope(10);
    for (int i = 0; i < 3; ++i) {
      try {
        throwing();
      } catch (const std::runtime_error&) {
      }
    }
    leaf();
  });
  const PointsRecord record = Record();
  std::vector<std::pair<uint64_t, uint64_t>> callers;
  for (const SiteCounts& counts : record.sites) {
    if (counts.site.point != kCall) continue;
    callers.emplace_back(counts.site.caller, counts.site.caller_of_caller);
    EXPECT_EQ(counts.hits, counts.site.caller == 20 ? 3u : 1u);
  }
  EXPECT_THAT(callers, ::testing::UnorderedElementsAre(std::pair(20u, 10u), std::pair(10u, 0u)));
  EXPECT_EQ(Of(record, kLoop).count, 3u);  // runs that ended by the exception
}

TEST_F(Recorded, WhatWasCountedBeforeAKillIsThere) {
  const int status = Run(nullptr, [] {
    rankle_points::Loop loop(kLoop);
    for (int i = 0; i < 40; ++i) loop.Next();
    kill(getpid(), SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(Of(Record(), kLoop).count, 40u);
}

TEST_F(Recorded, AFaultFiresAtItsHitsAndIsSaidInTheRecord) {
  const int status = Run("fail 1400 hit=2 times=2;negate 1600;throw 1500 hit=3", [] {
    std::string fails, answers, thrown;
    for (int i = 0; i < 5; ++i) fails += rankle_points::Fails(kCall) ? 'F' : '.';
    for (int i = 0; i < 3; ++i) answers += rankle_points::Negate(kAsk, true) ? 't' : 'f';
    for (int i = 0; i < 4; ++i) thrown += rankle_points::Force(kThrow, false, true) ? '.' : 'T';
    _exit(fails == ".FF.." && answers == "ftt" && thrown == "..T." ? 0 : 1);
  });
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const PointsRecord record = Record();
  EXPECT_EQ(Of(record, kCall).injected, 2u);
  EXPECT_EQ(Of(record, kAsk).injected, 1u);
  EXPECT_EQ(Of(record, kAsk).count, 2u);
  EXPECT_EQ(Of(record, kThrow).injected, 1u);
  EXPECT_EQ(Of(record, kThrow).count, 1u);
}

TEST_F(Recorded, ADelayTakesItsTime) {
  const int status = Run("delay 1100 ms=30 hit=2", [] {
    const uint64_t begin = rankle_points::internal::Now(CLOCK_MONOTONIC);
    rankle_points::Loop loop(kLoop);
    for (int i = 0; i < 3; ++i) loop.Next();
    _exit(rankle_points::internal::Now(CLOCK_MONOTONIC) - begin >= 30000000 ? 0 : 1);
  });
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(Of(Record(), kLoop).injected, 1u);
}

TEST_F(Recorded, ChanceIsDrawnFromTheSeed) {
  const auto draws = [](const char* arm, char* out) {
    setenv("RANKLE_POINTS_ARM", arm, 1);
    for (int i = 0; i < 100; ++i) out[i] = rankle_points::Fails(kCall) ? 'F' : '.';
  };
  std::vector<std::string> runs;
  for (const char* arm : {"fail 1400 times=0 chance=33 seed=1", "fail 1400 times=0 chance=33 seed=1",
                          "fail 1400 times=0 chance=33 seed=2"}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    Run(nullptr, [&] {
      char out[100];
      draws(arm, out);
      _exit(write(ends[1], out, sizeof(out)) == sizeof(out) ? 0 : 1);
    });
    std::string text(100, ' ');
    ASSERT_EQ(read(ends[0], text.data(), text.size()), 100);
    close(ends[0]);
    close(ends[1]);
    runs.push_back(text);
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
  const long fired = std::count(runs[0].begin(), runs[0].end(), 'F');
  EXPECT_GT(fired, 10);  // 33 expected; 5 standard deviations (4.7) either way
  EXPECT_LT(fired, 56);
}

TEST_F(Recorded, AForkedChildHasARecordOfItsOwn) {
  Run(nullptr, [] {
    rankle_points::Fails(kCall);
    const pid_t child = fork();
    if (child == 0) {
      rankle_points::Fails(kCall);
      rankle_points::Fails(kCall);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  });
  std::vector<uint64_t> hits;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const auto record = ReadPointsRecord(ReadAll(entry.path()), "record");
    ASSERT_TRUE(record.ok());
    hits.push_back(Of(*record, kCall).hits);
  }
  EXPECT_THAT(hits, ::testing::UnorderedElementsAre(1u, 2u));
}

TEST_F(Recorded, DamagedFilesAreRefusedWithTheReason) {
  Run(nullptr, [] { rankle_points::Fails(kCall); });
  const std::string sound = Bytes();
  EXPECT_THAT(ReadPointsRecord("", "f").status().message(), HasSubstr("not a points record"));
  EXPECT_THAT(ReadPointsRecord(sound.substr(0, 100), "f").status().message(), HasSubstr("cut short"));
  EXPECT_THAT(ReadPointsRecord(sound.substr(0, 100000), "f").status().message(), HasSubstr("tables"));
  std::string newer = sound;
  newer[8] = 9;
  EXPECT_THAT(ReadPointsRecord(newer, "f").status().message(), HasSubstr("version 9"));
  std::string older = sound;  // of version 1.0, which had no nests
  older[10] = 0;
  std::memset(older.data() + 80, 0, 24);
  EXPECT_TRUE(ReadPointsRecord(older, "f").ok());
  std::string torn = sound;
  rankle_points::SiteEntry* sites = reinterpret_cast<rankle_points::SiteEntry*>(torn.data() + 4096);
  for (uint32_t i = 0; i < rankle_points::kSiteCapacity; ++i) sites[i].point = 0;
  const auto read = ReadPointsRecord(torn, "f");
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->sites, IsEmpty());
  EXPECT_EQ(read->torn, 1u);
}

TEST(Arming, SaysWhatItDoesNotUnderstand) {
  ::testing::internal::CaptureStderr();
  rankle_points::internal::ArmOne("explode 1400");
  rankle_points::internal::ArmOne("fail");
  rankle_points::internal::ArmOne("fail xyz");
  rankle_points::internal::ArmOne("fail 1400 hits=3");
  rankle_points::internal::ArmOne("fail 1400 hit=");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 5) << said;
  EXPECT_EQ(rankle_points::internal::Global<>::armed_count, 0);
}

}  // namespace
}  // namespace rankle::points_record
