// The runtime of instrumented sources, called as they call it: in processes of its own, whose records are
// read afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>

#include "cli/launch/files.h"
#include "detectors/instrument/runtime/rankle_points.h"
#include "tracer/points/points_record.h"

namespace rankle::instrument {
namespace {

namespace fs = std::filesystem;
using points_record::PointsRecord;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint64_t kOuter = 0x1100, kInner = 0x2200;

class PointsRuntime : public ::testing::Test {
 protected:
  PointsRuntime() {
    std::string name = (fs::temp_directory_path() / "points-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~PointsRuntime() override { fs::remove_all(folder_); }

  // Runs the program in a process, and the children that it forks to their end; its pid.
  pid_t Run(const std::function<void()>& program) const {
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
      setenv("RANKLE_POINTS_OUT", folder_.c_str(), 1);
      program();
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    return pid;
  }
  // By pid.
  std::map<pid_t, PointsRecord> Records() const {
    std::map<pid_t, PointsRecord> records;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const auto bytes = cli::ReadFile(entry.path().string());
      EXPECT_TRUE(bytes.ok()) << bytes.status();
      auto record = points_record::ReadPointsRecord(*bytes, entry.path().string());
      EXPECT_TRUE(record.ok()) << record.status();
      const auto pid = static_cast<pid_t>(record->pid);
      records.emplace(pid, *std::move(record));
    }
    return records;
  }

  std::string folder_;
};

const points_record::SiteCounts* SiteOf(const PointsRecord& record, uint64_t point) {
  for (const auto& counts : record.sites) {
    if (counts.site.point == point) return &counts;
  }
  return nullptr;
}

TEST_F(PointsRuntime, AChildForkedInALoopLeavesItsParentsRecordAlone) {
  const pid_t parent = Run([] {
    rankle_points::Loop outer(kOuter);
    for (int i = 0; i < 5; ++i) {
      outer.Next();
      {
        rankle_points::Loop inner(kInner);
        for (int j = 0; j < 3; ++j) inner.Next();
      }
      if (i != 1) continue;
      const pid_t child = fork();  // the child runs the iterations 2, 3 and 4 as well
      if (child != 0) waitpid(child, nullptr, 0);
    }
  });
  const auto records = Records();
  ASSERT_EQ(records.size(), 2u);
  for (const auto& [pid, record] : records) {
    const bool is_parent = pid == parent;
    const uint64_t iterations = is_parent ? 5 : 3;
    ASSERT_NE(SiteOf(record, kOuter), nullptr);
    EXPECT_EQ(SiteOf(record, kOuter)->hits, 1u);
    EXPECT_EQ(SiteOf(record, kOuter)->count, iterations);
    EXPECT_EQ(SiteOf(record, kOuter)->most, iterations);
    ASSERT_NE(SiteOf(record, kInner), nullptr);
    EXPECT_EQ(SiteOf(record, kInner)->hits, iterations);
    uint64_t seen = 0;
    for (const auto& signature : record.signatures) {
      if (signature.loop.point == kOuter) seen += signature.seen;
    }
    EXPECT_EQ(seen, iterations);
    ASSERT_EQ(record.nests.size(), 1u);
    uint64_t held = 0;
    for (const auto& [least, times] : record.nests[0].bins) held += times;
    EXPECT_EQ(held, iterations);
  }
}

TEST_F(PointsRuntime, AChildThatLeavesTheLoopItWasForkedInCountsNothingOfIt) {
  const pid_t parent = Run([] {
    rankle_points::Loop outer(kOuter);
    for (int i = 0; i < 5; ++i) {
      outer.Next();
      const pid_t child = fork();
      if (child == 0) break;
      waitpid(child, nullptr, 0);
    }
  });
  for (const auto& [pid, record] : Records()) {
    if (pid == parent) {
      ASSERT_NE(SiteOf(record, kOuter), nullptr);
      EXPECT_EQ(SiteOf(record, kOuter)->count, 5u);
      EXPECT_EQ(SiteOf(record, kOuter)->most, 5u);
    } else {
      EXPECT_TRUE(record.sites.empty());
    }
  }
}

TEST_F(PointsRuntime, WhatIsArmedAndNeverFiresIsSaidOnceAtTheExit) {
  const std::string said = folder_ + "/stderr";
  const auto run = [&](const char* arm) {
    Run([&] {
      setenv("RANKLE_POINTS_ARM", arm, 1);
      if (freopen(said.c_str(), "w", stderr) == nullptr) _exit(1);
      for (int i = 0; i < 2; ++i) rankle_points::Fails(0x3300);
      if (const pid_t child = fork(); child != 0) waitpid(child, nullptr, 0);
      exit(0);
    });
    const auto text = cli::ReadFile(said);
    fs::remove(said);
    return text.ok() ? *text : "(none)";
  };
  EXPECT_EQ(run("fail 3300 hit=2"), "");
  EXPECT_THAT(run("fail 3300 hit=3"),
              AllOf(StartsWith("rankle: RANKLE_POINTS_ARM: 'fail 0000000000003300' never fired"),
                    EndsWith(": reached 2 times as a point to fail, hit=3\n")));
  EXPECT_THAT(run("fail 3301"), EndsWith(": reached 0 times as a point to fail, hit=1\n"));
  EXPECT_THAT(run("negate 3300"), EndsWith(": reached 0 times as a point to negate, hit=1\n"));
  EXPECT_THAT(run("fail 3300 hit=0"), AllOf(HasSubstr("is not ACTION ID"), Not(HasSubstr("never fired"))));
}

}  // namespace
}  // namespace rankle::instrument
