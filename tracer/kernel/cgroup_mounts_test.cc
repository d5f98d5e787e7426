// Which control groups a process is in, from texts as the kernel writes them, and what they count, from a
// tree of files as it lays them out: version 2 alone (no machine of ours has that), version 1 beside it, and
// inside a container.
#include "tracer/kernel/cgroup_mounts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tracer/kernel/process_counters.h"

namespace rankle::kernel {
namespace {

constexpr char kUnified[] =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr char kMixed[] =
    "33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "22 1 0:5 / /proc rw - proc proc rw\n"
    "34 24 0:30 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "35 24 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr char kMixedGroups[] = "5:memory:/docker/ab/job\n4:cpu,cpuacct:/user\n0::/user/session-3.scope\n";

TEST(GroupPaths, VersionTwoAloneHasEverythingInOneGroup) {
  const GroupPaths paths = GroupPathsFrom(kUnified, "0::/system.slice/job.scope\n");
  for (const std::string& path : {paths.cpu, paths.memory, paths.core})
    EXPECT_EQ(path, "/sys/fs/cgroup/system.slice/job.scope");
  EXPECT_EQ(paths.cpu_version, 2);
  EXPECT_EQ(paths.memory_version, 2);
  EXPECT_EQ(GroupPathsFrom(kUnified, "0::/\n").core, "/sys/fs/cgroup");
}

TEST(GroupPaths, VersionOneGoesBeforeAndAMountedGroupIsNoPartOfThePath) {
  const GroupPaths paths = GroupPathsFrom(kMixed, kMixedGroups);
  EXPECT_EQ(paths.cpu, "/sys/fs/cgroup/cpu,cpuacct/user");
  EXPECT_EQ(paths.memory, "/sys/fs/cgroup/memory/job");
  EXPECT_EQ(paths.core, "/sys/fs/cgroup/unified/user/session-3.scope");
  EXPECT_EQ(paths.cpu_version, 1);
  EXPECT_EQ(paths.memory_version, 1);
}

TEST(GroupPaths, WhereNothingIsMountedThereIsNothing) {
  EXPECT_EQ(GroupPathsFrom("", kMixedGroups).cpu, "");
  EXPECT_EQ(GroupPathsFrom("no such line\n- - cgroup\n", "garbage\n::\n").core, "");
}

TEST(GroupCounters, AreReadFromTheFilesOfTheirVersion) {
  const std::filesystem::path tree = std::filesystem::path(testing::TempDir()) / "cgroup_mounts_test";
  std::filesystem::create_directories(tree);
  const auto write = [&](const char* file, const char* text) { std::ofstream(tree / file) << text; };
  write("cpu.stat", "usage_usec 9\nnr_throttled 3\nthrottled_usec 2500000\nthrottled_time 7000000000\n");
  write("memory.events", "low 0\noom 2\noom_kill 2\n");
  write("memory.oom_control", "oom_kill_disable 0\noom_kill 5\n");
  write("cgroup.events", "populated 1\nfrozen 1\n");
  const GroupCounters two = ReadGroups({.cpu = tree, .memory = tree, .core = tree});
  EXPECT_DOUBLE_EQ(two.throttled_s, 2.5);
  EXPECT_EQ(two.oom_kills, 2u);
  EXPECT_TRUE(two.frozen);
  const GroupCounters one =
      ReadGroups({.cpu = tree, .memory = tree, .core = tree, .cpu_version = 1, .memory_version = 1});
  EXPECT_DOUBLE_EQ(one.throttled_s, 7);
  EXPECT_EQ(one.oom_kills, 5u);
  std::filesystem::remove_all(tree);
}

}  // namespace
}  // namespace rankle::kernel
