// Faults of hosts and network as plain values: when they are on, which links they mean, what the kernel is
// told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "injector/host/cgroup_writes.h"
#include "injector/host/classic_bpf.h"
#include "injector/host/link_rules.h"
#include "injector/host/schedule.h"
#include "injector/plan/plan.h"

namespace rankle::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kSecond = 1'000'000'000;

plan::ArmedFault Fault(const std::string& spec) {
  plan::Plan plan;
  const absl::Status added = plan.AddShortForm(spec);
  EXPECT_TRUE(added.ok()) << added;
  return plan.fault(0);
}

std::vector<std::pair<int, int>> LinksOf(const std::string& spec, const Layout& layout) {
  std::vector<std::pair<int, int>> links;
  for (const LinkRule& rule : LinkRulesOf(Fault(spec), 0, layout))
    links.emplace_back(rule.source, rule.destination);
  return links;
}

// The schedule's changes up to `until_ns`, as moments.
std::vector<uint64_t> Changes(const plan::ArmedFault& fault, uint64_t until_ns) {
  std::vector<uint64_t> moments;
  for (uint64_t at = NextChange(fault, 0); at <= until_ns; at = NextChange(fault, at)) moments.push_back(at);
  return moments;
}

TEST(Schedule, AFaultWithoutTimesIsOnFromTheStartToTheEnd) {
  const plan::ArmedFault fault = Fault("freeze host rank=0");
  EXPECT_TRUE(IsOn(fault, 0));
  EXPECT_TRUE(IsOn(fault, kNever - 1));
  EXPECT_EQ(NextChange(fault, 0), kNever);
}

TEST(Schedule, AfterForAndPeriodMakeItFlap) {
  const plan::ArmedFault fault = Fault("freeze host rank=0 after=2s for=1s period=3s");
  EXPECT_THAT(Changes(fault, 9 * kSecond),
              ElementsAre(2 * kSecond, 3 * kSecond, 5 * kSecond, 6 * kSecond, 8 * kSecond, 9 * kSecond));
  for (const uint64_t at : {2, 5, 8}) EXPECT_TRUE(IsOn(fault, at * kSecond)) << at;
  for (const uint64_t at : {0, 1, 3, 4, 6, 7}) EXPECT_FALSE(IsOn(fault, at * kSecond)) << at;
}

TEST(Schedule, UntilIsTheLastMoment) {
  const plan::ArmedFault fault = Fault("throttle host percent=10 after=1s until=4s");
  EXPECT_TRUE(IsOn(fault, 4 * kSecond));
  EXPECT_FALSE(IsOn(fault, 4 * kSecond + 1));
  EXPECT_THAT(Changes(fault, kNever - 1), ElementsAre(kSecond, 4 * kSecond + 1));
}

TEST(Layout, RanksAreSpreadInBlocks) {
  const Layout layout{.ranks = 6, .hosts = 4};
  std::vector<int> hosts;
  for (int rank = 0; rank < 6; ++rank) hosts.push_back(layout.HostOf(rank));
  EXPECT_THAT(hosts, ElementsAre(0, 0, 1, 2, 2, 3));
  EXPECT_THAT(layout.RanksOf(2), ElementsAre(3, 4));
}

TEST(Links, DirectionSaysWhosePacketsAreMeant) {
  const Layout layout{.ranks = 3, .hosts = 3};
  using testing::Pair;
  EXPECT_THAT(LinksOf("net-drop network rank=0 peer=2", layout), ElementsAre(Pair(0, 2)));
  EXPECT_THAT(LinksOf("net-drop network rank=0 peer=2 direction=in", layout), ElementsAre(Pair(2, 0)));
  EXPECT_THAT(LinksOf("net-drop network rank=0 direction=both", layout),
              ElementsAre(Pair(0, 1), Pair(0, 2), Pair(1, 0), Pair(2, 0)));
}

TEST(Links, ALimitWithoutAPeerIsOneForAllThatTheHostSends) {
  const Layout layout{.ranks = 3, .hosts = 3};
  EXPECT_THAT(LinksOf("net-limit network rank=1 rate=1MiB/s", layout),
              ElementsAre(testing::Pair(1, kAnyHost)));
  EXPECT_THAT(LinksOf("net-limit network rank=1 peer=0..2 rate=1MiB/s", layout),
              ElementsAre(testing::Pair(1, 0), testing::Pair(1, 2)));
}

TEST(Links, WhatCannotBeMeantIsRefused) {
  const plan::ArmedFault fault = Fault("net-drop network rank=0 peer=3");
  const auto error = [&](const Layout& layout) {
    return std::string(CheckLinks(fault, "f", layout).message());
  };
  EXPECT_THAT(error({.ranks = 4, .hosts = 0}), HasSubstr("give --hosts N"));
  EXPECT_THAT(error({.ranks = 4, .hosts = 2}), HasSubstr("rank 1 shares host0"));
  EXPECT_THAT(error({.ranks = 3, .hosts = 3}), HasSubstr("names no rank of this job of 3"));
  EXPECT_TRUE(CheckLinks(fault, "f", {.ranks = 4, .hosts = 4}).ok());
  EXPECT_THAT(
      std::string(
          CheckLinks(Fault("net-drop network rank=0 peer=0"), "f", {.ranks = 2, .hosts = 2}).message()),
      HasSubstr("the same host"));
}

TEST(Commands, AHostThatNoRuleNamesIsLeftAlone) {
  const std::vector<LinkRule> rules = {{plan::Action::kNetDrop, 0, 0, 1, 100, 0}};
  EXPECT_THAT(CommandsFor(2, rules).in_fabric, IsEmpty());
  EXPECT_THAT(CommandsFor(1, rules).in_fabric,
              IsEmpty());  // what it receives is dropped where it enters the switch
  EXPECT_THAT(CommandsFor(0, rules).in_fabric, testing::SizeIs(1));
  EXPECT_EQ(QueuesFor(1, rules), LinkCommands());
}

std::vector<std::string> Lines(const std::vector<Arguments>& commands) {
  std::vector<std::string> lines;
  for (const Arguments& words : commands) lines.push_back(absl::StrJoin(words, " "));
  return lines;
}

TEST(Commands, WhatIsUndoneLeavesTheQueuesThatWereMadeBefore) {
  const std::vector<LinkRule> rules = {{plan::Action::kNetLimit, 0, 2, 1, 0, 1'000'000},
                                       {plan::Action::kNetLimit, 0, 2, 3, 0, 1'000'000},
                                       {plan::Action::kNetDrop, 1, 2, 1, 100, 0},
                                       {plan::Action::kNetDrop, 1, 2, 3, 100, 0}};
  EXPECT_THAT(Lines(QueuesFor(2, rules).in_host),
              ElementsAre("qdisc add dev eth0 root handle 1: htb default 0"));
  EXPECT_THAT(Lines(QueuesFor(2, rules).in_fabric), ElementsAre("qdisc add dev port2 clsact"));
  const LinkCommands undo = UndoOf(CommandsFor(2, rules));
  EXPECT_THAT(Lines(undo.in_host),
              ElementsAre("filter del dev eth0 parent 1:", "class del dev eth0 classid 1:1",
                          "class del dev eth0 classid 1:2"));
  EXPECT_THAT(Lines(undo.in_fabric), ElementsAre("filter del dev port2 ingress"));
  EXPECT_EQ(UndoOf({}), LinkCommands());
}

TEST(Commands, ALimitShapesWhereTheQueueOfTheSenderIs) {
  const std::vector<LinkRule> rules = {{plan::Action::kNetLimit, 0, 2, 3, 0, 1'000'000}};
  const LinkCommands commands = CommandsFor(2, rules);
  std::string text;
  for (const Arguments& words : commands.in_host) text += absl::StrJoin(words, " ") + "\n";
  EXPECT_THAT(text, HasSubstr("class add dev eth0 parent 1: classid 1:1 htb rate 1000000bps burst 8000"));
  EXPECT_THAT(text, HasSubstr("u32 match ip dst 10.77.0.4/32 flowid 1:1"));
  EXPECT_THAT(commands.in_fabric, IsEmpty());
}

TEST(ClassicBpf, ComparesTheAddressAndDrawsTheKernelsRandomNumber) {
  // load half 12, is it IPv4; load word 30, is it 10.77.0.2; random below half of 2^32: drop; else go on.
  EXPECT_EQ(
      DropProgram(AddressNumber(1), 50),
      "8,40 0 0 12,21 0 5 2048,32 0 0 30,21 0 3 172818434,32 0 0 4294963256,53 1 0 2147483647,6 0 0 2,6 0 0 "
      "4294967295");
  EXPECT_EQ(DropProgram(0, 100), "2,6 0 0 2,6 0 0 4294967295");
}

TEST(Cgroups, EachVersionIsToldInItsOwnFiles) {
  using W = CgroupWrite;
  const plan::ArmedFault throttle = Fault("throttle host percent=25");
  EXPECT_THAT(WritesFor(throttle, 1, true),
              ElementsAre(W{"cpu.cfs_period_us", "20000"}, W{"cpu.cfs_quota_us", "5000"}));
  EXPECT_THAT(WritesFor(throttle, 1, false), ElementsAre(W{"cpu.cfs_quota_us", "-1"}));
  EXPECT_THAT(WritesFor(throttle, 2, true), ElementsAre(W{"cpu.max", "5000 20000"}));
  EXPECT_THAT(WritesFor(throttle, 2, false), ElementsAre(W{"cpu.max", "max 20000"}));
  EXPECT_THAT(WritesFor(Fault("memory-limit host bytes=1MiB"), 2, true),
              ElementsAre(W{"memory.max", "1048576"}));
}

TEST(Cgroups, NamesOfGroupsTellWhoKeepsThem) {
  const Keeper keeper{.pid = 123, .start = 456};
  EXPECT_EQ(KeeperOf(GroupName(keeper, 7)), keeper);
  for (const char* name : {"rankle", "rankle-1-2", "rankle-x-2-rank0", "rankle-1-2-rank", "user.slice"})
    EXPECT_FALSE(KeeperOf(name).has_value()) << name;
}

}  // namespace
}  // namespace rankle::host
