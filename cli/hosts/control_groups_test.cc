// Control groups of version 2, on a tree of files as the kernel lays it out: where groups are made, what is
// written, what is refused. The machines at hand have version 1 controllers, so nothing else runs this.
#include "cli/hosts/control_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/hosts/faults_in_force.h"
#include "injector/plan/plan.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using host::Controller;
using testing::HasSubstr;

class Version2 : public testing::Test {
 protected:
  Version2() {
    fs::remove_all(root_);
    Group("", "");
    fs::remove(root_ / "cgroup.type");  // the root has none
  }
  ~Version2() override { fs::remove_all(root_); }

  // A group with cpu and memory that hands `handed_on` on.
  void Group(const std::string& path, const std::string& handed_on) {
    const fs::path directory = root_ / path;
    fs::create_directories(directory);
    std::ofstream(directory / "cgroup.controllers") << "cpuset cpu io memory pids\n";
    std::ofstream(directory / "cgroup.subtree_control") << handed_on;
    std::ofstream(directory / "cgroup.type") << "domain\n";
  }
  Hierarchies In(const std::string& group) const {
    return {"30 23 0:26 / " + root_.string() + " rw - cgroup2 cgroup2 rw\n", "0::" + group + "\n"};
  }
  std::string Text(const fs::path& file) const {
    std::ostringstream text;
    text << std::ifstream(root_ / file).rdbuf();
    return text.str();
  }
  const fs::path root_ = fs::path(testing::TempDir()) / "control_groups_test";
};

TEST_F(Version2, GroupsAreMadeBelowTheRootWhichIsToldToHandTheControllerOn) {
  absl::StatusOr<ControlGroup> group = PlaceOfGroups(Controller::kCpu, In("/"));
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_EQ(group->directory, root_);
  group->directory += "/ours";
  ASSERT_TRUE(MakeGroup(*group).ok());
  EXPECT_EQ(Text("cgroup.subtree_control"), "+cpu");
  std::ofstream(root_ / "ours" / "cpu.max") << "max 100000";  // the kernel's part
  ASSERT_TRUE(WriteInto(*group, {{"cpu.max", "5000 20000"}}).ok());
  EXPECT_EQ(Text("ours/cpu.max"), "5000 20000");
}

TEST_F(Version2, BelowAGroupThatHandsTheControllerOn) {
  Group("slice", "cpu memory");
  EXPECT_EQ(PlaceOfGroups(Controller::kMemory, In("/slice"))->directory, root_ / "slice");
}

TEST_F(Version2, BesideAGroupThatHasProcessesWhereTheOneAboveHandsTheControllerOn) {
  Group("slice", "cpu memory\n");
  Group("slice/session", "");
  EXPECT_EQ(PlaceOfGroups(Controller::kCpu, In("/slice/session"))->directory, root_ / "slice");
  EXPECT_EQ(PlaceOfGroups(Controller::kCore, In("/slice/session"))->directory, root_ / "slice/session");
}

TEST_F(Version2, WhatHandsNothingOnIsRefusedWithWhatToDo) {
  Group("slice", "pids");
  Group("slice/session", "");
  const absl::Status refused = PlaceOfGroups(Controller::kCpu, In("/slice/session")).status();
  EXPECT_THAT(std::string(refused.message()), HasSubstr("cannot hand cpu on"));
  std::ofstream(root_ / "cgroup.controllers") << "pids\n";
  EXPECT_THAT(std::string(PlaceOfGroups(Controller::kCpu, In("/")).status().message()),
              HasSubstr("no control group has the cpu controller"));
}

TEST_F(Version2, ARankIsInOneGroupWhateverItsFaultsNeed) {
  Group("slice", "cpu memory");
  Group("slice/session", "");
  plan::Plan plan;
  for (const char* fault :
       {"throttle host rank=1 percent=20", "freeze host rank=0,1", "memory-limit host rank=1 bytes=1MiB"})
    ASSERT_TRUE(plan.AddShortForm(fault).ok());
  const std::string bytes = plan.Arm(1);
  std::vector<uint64_t> words(bytes.size() / 8 + 1);  // aligned, as a mapped file is
  bytes.copy(reinterpret_cast<char*>(words.data()), bytes.size());
  const auto groups = GroupsFor(plan::ArmedPlan::View(words.data(), bytes.size()), {.ranks = 2, .hosts = 0},
                                {.pid = 7, .start = 8}, In("/slice/session"));
  ASSERT_TRUE(groups.ok()) << groups.status();
  std::set<std::string> of_rank_1;
  for (const RankGroup& group : *groups) {
    if (group.rank == 1) of_rank_1.insert(group.group.directory);
    ASSERT_TRUE(MakeGroup(group.group).ok());
  }
  EXPECT_EQ(groups->size(), 4u);
  EXPECT_EQ(of_rank_1, std::set<std::string>{root_ / "slice/rankle-7-8-rank1"});
  for (const RankGroup& group : *groups) EXPECT_TRUE(RemoveGroup(group.group).ok());
  EXPECT_FALSE(fs::exists(root_ / "slice/rankle-7-8-rank1"));
}

}  // namespace
}  // namespace rankle::cli
