// Puts faults of hosts and network in force and takes them back, for the keeper (keeper.h).
#pragma once

#include <sys/resource.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cli/hosts/control_groups.h"
#include "cli/hosts/namespaces.h"
#include "injector/host/layout.h"
#include "injector/host/link_rules.h"
#include "injector/plan/armed_plan.h"

namespace rankle::cli {

struct RankGroup {
  int rank = 0;
  ControlGroup group;
};
// The groups that ranks must be in for these faults; they are not made yet.
absl::StatusOr<std::vector<RankGroup>> GroupsFor(const plan::ArmedPlan& plan, const host::Layout& layout,
                                                 const host::Keeper& keeper,
                                                 const Hierarchies& hierarchies = OwnHierarchies());

class FaultsInForce {
 public:
  // The plan and the network (null = none) outlive this.
  FaultsInForce(const plan::ArmedPlan& plan, const host::Layout& layout, const Network* network)
      : plan_(plan), layout_(layout), network_(network) {}

  // Makes what they will need: the network, groups, relays. Called inside the fabric's namespace.
  absl::Status Prepare(const host::Keeper& keeper);
  // Exactly these faults are on from now on (numbers in the plan). Returns those that came on and did so.
  std::vector<size_t> Set(const std::set<size_t>& on);
  // What was made for the ranks goes, wherever they still run.
  void Remove();

 private:
  absl::Status StartRelay(size_t fault);
  std::vector<host::LinkRule> RulesOf(const std::set<size_t>& faults) const;
  absl::Status MakeQueues();
  absl::Status SetLinks(const std::set<size_t>& on);
  absl::Status SetRank(size_t fault, const RankGroup& group, bool on);
  absl::Status LimitMemory(size_t fault, const RankGroup& group);
  void LimitFiles(size_t fault, const RankGroup& group, bool on);
  absl::Status Reset(size_t fault);
  absl::Status Change(size_t fault, bool on);

  const plan::ArmedPlan& plan_;
  const host::Layout layout_;
  const Network* const network_;
  std::vector<RankGroup> groups_;
  std::set<size_t> on_;
  std::vector<host::LinkCommands> links_;                   // in force, of each host
  std::map<std::pair<size_t, pid_t>, rlimit> file_limits_;  // as they were
};

}  // namespace rankle::cli
