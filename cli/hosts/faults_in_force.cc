#include "cli/hosts/faults_in_force.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "cli/hosts/relay.h"
#include "cli/hosts/tool.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "injector/host/ranks.h"

namespace rankle::cli {
namespace {

using plan::Action;
using plan::ArmedFault;

absl::Status RunTc(const std::vector<host::Arguments>& commands, int net_namespace) {
  for (const host::Arguments& arguments : commands) {
    std::vector<std::string> words = {"tc"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    if (absl::Status status = RunTool(words, net_namespace); !status.ok()) return status;
  }
  return absl::OkStatus();
}

bool IsOfLinks(Action action) {
  return action == Action::kNetDelay || action == Action::kNetDrop || action == Action::kNetLimit;
}

}  // namespace

absl::StatusOr<std::vector<RankGroup>> GroupsFor(const plan::ArmedPlan& plan, const host::Layout& layout,
                                                 const host::Keeper& keeper, const Hierarchies& hierarchies) {
  std::set<std::pair<int, host::Controller>> wanted;
  for (size_t i = 0; i < plan.size(); ++i) {
    const std::optional<host::Controller> controller = host::ControllerOf(plan.fault(i).action);
    for (int rank = 0; controller && rank < layout.ranks; ++rank) {
      if (host::Names(plan.fault(i).rank, rank)) wanted.insert({rank, *controller});
    }
  }
  std::vector<RankGroup> groups;
  std::map<int, std::string>
      places;  // of version 2, by rank: a process is in one group, whatever its controllers
  for (const auto& [rank, controller] : wanted) {
    absl::StatusOr<ControlGroup> group = PlaceOfGroups(controller, hierarchies);
    if (!group.ok()) return group.status();
    if (group->version == 2) group->directory = places.emplace(rank, group->directory).first->second;
    group->directory += Cat("/", host::GroupName(keeper, rank));
    groups.push_back({rank, *std::move(group)});
  }
  return groups;
}

absl::Status FaultsInForce::Prepare(const host::Keeper& keeper) {
  if (network_ != nullptr) {
    if (absl::Status status = Connect(*network_); !status.ok()) return status;
    links_.resize(network_->hosts.size());
    if (absl::Status status = MakeQueues(); !status.ok()) return status;
  }
  absl::StatusOr<std::vector<RankGroup>> groups = GroupsFor(plan_, layout_, keeper);
  if (!groups.ok()) return groups.status();
  for (const RankGroup& group : *groups) {
    if (absl::Status status = MakeGroup(group.group); !status.ok()) return status;
    groups_.push_back(group);
  }
  for (size_t i = 0; i < plan_.size(); ++i) {
    if (plan_.fault(i).action != Action::kNetDelay) continue;
    if (absl::Status status = StartRelay(i); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FaultsInForce::StartRelay(size_t fault) {
  absl::StatusOr<FileDescriptor> device = MakeRelayDevice(fault);
  if (!device.ok()) return device.status();
  const pid_t parent = getpid(), pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "net-delay: cannot start a relay");
  if (pid > 0) return absl::OkStatus();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  Relay(device->get(), plan_.fault(fault).time, plan_.seed(), fault);
}

std::vector<host::LinkRule> FaultsInForce::RulesOf(const std::set<size_t>& faults) const {
  std::vector<host::LinkRule> rules;
  for (const size_t fault : faults) {
    if (!IsOfLinks(plan_.fault(fault).action)) continue;
    for (const host::LinkRule& rule : host::LinkRulesOf(plan_.fault(fault), fault, layout_))
      rules.push_back(rule);
  }
  return rules;
}

absl::Status FaultsInForce::MakeQueues() {
  std::set<size_t> all;
  for (size_t fault = 0; fault < plan_.size(); ++fault) all.insert(fault);
  const std::vector<host::LinkRule> rules = RulesOf(all);
  for (size_t host = 0; host < links_.size(); ++host) {
    const host::LinkCommands queues = host::QueuesFor(static_cast<int>(host), rules);
    absl::Status status = RunTc(queues.in_host, network_->hosts[host].net.get());
    status.Update(RunTc(queues.in_fabric, kOwnNamespace));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FaultsInForce::SetLinks(const std::set<size_t>& on) {
  const std::vector<host::LinkRule> rules = RulesOf(on);
  absl::Status worst;
  for (size_t host = 0; host < links_.size(); ++host) {
    const host::LinkCommands wanted = host::CommandsFor(static_cast<int>(host), rules);
    if (wanted == links_[host]) continue;
    const host::LinkCommands undo = host::UndoOf(links_[host]);
    const int inside = network_->hosts[host].net.get();
    worst.Update(RunTc(undo.in_host, inside));
    worst.Update(RunTc(undo.in_fabric, kOwnNamespace));
    links_[host] = wanted;
    worst.Update(RunTc(wanted.in_host, inside));
    worst.Update(RunTc(wanted.in_fabric, kOwnNamespace));
  }
  return worst;
}

// Version 1 refuses a limit below what is in use: then what is in use is the limit, and the next page is too
// much.
absl::Status FaultsInForce::LimitMemory(size_t fault, const RankGroup& group) {
  absl::Status status =
      WriteInto(group.group, host::WritesFor(plan_.fault(fault), group.group.version, true));
  constexpr int kAttempts = 100;  // what is in use changes meanwhile
  for (int attempt = 0; !status.ok() && attempt < kAttempts && group.group.version == 1; ++attempt) {
    const absl::StatusOr<std::string> used = ReadFile(Cat(group.group.directory, "/memory.usage_in_bytes"));
    if (!used.ok()) break;
    status =
        WriteInto(group.group, {{"memory.limit_in_bytes", std::string(absl::StripAsciiWhitespace(*used))}});
  }
  return status;
}

void FaultsInForce::LimitFiles(size_t fault, const RankGroup& group, bool on) {
  for (const pid_t pid : ProcessesIn(group.group)) {
    rlimit limit;
    if (on && prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) == 0) {
      file_limits_[{fault, pid}] = limit;
      limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(plan_.fault(fault).value));
      prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
    } else if (const auto old = file_limits_.find({fault, pid}); !on && old != file_limits_.end()) {
      prlimit(pid, RLIMIT_NOFILE, &old->second, nullptr);
    }
  }
}

absl::Status FaultsInForce::SetRank(size_t fault, const RankGroup& group, bool on) {
  const ArmedFault& what = plan_.fault(fault);
  if (what.action == Action::kFdLimit) {
    LimitFiles(fault, group, on);
    return absl::OkStatus();
  }
  if (what.action == Action::kMemoryLimit && on) return LimitMemory(fault, group);
  return WriteInto(group.group, host::WritesFor(what, group.group.version, on));
}

// The kernel ends these connections as if by itself: ECONNABORTED here, a reset to the peer.
absl::Status FaultsInForce::Reset(size_t fault) {
  absl::Status worst;
  for (const host::LinkRule& rule : host::LinkRulesOf(plan_.fault(fault), fault, layout_)) {
    worst.Update(RunTool({"ss", "-K", "-H", "-t", "dst", host::AddressOf(rule.destination)},
                         network_->hosts[static_cast<size_t>(rule.source)].net.get()));
  }
  return worst;
}

absl::Status FaultsInForce::Change(size_t fault, bool on) {
  const ArmedFault& what = plan_.fault(fault);
  if (what.action == Action::kNetReset) return on ? Reset(fault) : absl::OkStatus();
  absl::Status worst;
  const std::optional<host::Controller> controller = host::ControllerOf(what.action);
  for (const RankGroup& group : groups_) {
    if (controller == group.group.controller && host::Names(what.rank, group.rank))
      worst.Update(SetRank(fault, group, on));
  }
  return worst;
}

std::vector<size_t> FaultsInForce::Set(const std::set<size_t>& on) {
  std::vector<size_t> came_on;
  const absl::Status links = SetLinks(on);
  if (!links.ok()) SayError(links);
  // What ends goes first: of two limits of a rank the later one then stays.
  for (const size_t fault : on_) {
    if (on.contains(fault)) continue;
    if (absl::Status status = Change(fault, false); !status.ok()) SayError(status);
  }
  for (const size_t fault : on) {
    if (on_.contains(fault)) continue;
    const absl::Status status = IsOfLinks(plan_.fault(fault).action) ? links : Change(fault, true);
    if (status.ok()) {
      came_on.push_back(fault);
    } else {
      Say(Cat("fault '", plan_.name(fault), "' could not be put in force: ", StdView(status.message())));
    }
  }
  on_ = on;
  return came_on;
}

void FaultsInForce::Remove() {
  for (const RankGroup& group : groups_) {
    if (absl::Status status = RemoveGroup(group.group); !status.ok()) SayError(status);
  }
  groups_.clear();
}

}  // namespace rankle::cli
