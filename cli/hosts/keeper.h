// The keeper: a process beside the job that makes what faults of hosts and network need, puts them in force
// and takes them back when their time is over, and at the end. It is the watchdog too: when the supervisor is
// gone, whatever killed it (a descriptor of the process tells), the keeper takes everything back at once and
// removes what it made. Should the keeper itself be killed, `rankle doctor --repair` removes the rest.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/hosts/churn.h"
#include "cli/hosts/control_groups.h"
#include "cli/hosts/namespaces.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/spawn.h"
#include "injector/host/layout.h"

namespace rankle::cli {

struct HostPlan {
  host::Layout layout;
  std::string armed_plan, control;  // paths; empty where there are no faults at all
  bool IsNeeded() const { return layout.hosts > 0 || has_faults; }
  bool has_faults = false;  // one at least acts on hosts or the network
};

// What the supervisor needs to know to start a rank.
struct RankPlace {
  int host = -1;                         // -1 = this machine
  std::vector<std::string> group_procs;  // cgroup.procs of the groups to enter
  int64_t clock_offset_ns = 0;
  std::vector<LimitedDirectory> directories;
};

class KeeperLink {
 public:
  // Starts the keeper and waits until everything is in place. Called while this process has one thread.
  static absl::StatusOr<std::unique_ptr<KeeperLink>> Start(const HostPlan& plan);

  RankPlace PlaceOf(int rank) const;
  const Network* network() const { return network_.get(); }
  const Churn& churn() const { return *churn_; }
  // In the supervisor, first: the keeper takes everything back when this process ends.
  void Follow() const;
  // The time of the job begins: 0 of `after` and `until`.
  void Begin() const;
  int control() const { return control_.get(); }  // reads end-of-file when the keeper is gone
  pid_t pid() const { return pid_; }

  // In the guard: the supervisor's end is kept by the supervisor only.
  void LeaveToSupervisor() { control_.Close(); }
  // Waits for the keeper's end and removes what it may have left.
  void Finish();

 private:
  KeeperLink() = default;
  void Tell(int kind) const;
  HostPlan plan_;
  std::shared_ptr<Network> network_;
  std::shared_ptr<const void> loaded_;  // the plan that churn_ looks at
  std::optional<Churn> churn_;
  std::vector<RankPlace> places_;
  FileDescriptor control_;
  pid_t pid_ = 0;
  host::Keeper keeper_;
};

}  // namespace rankle::cli
