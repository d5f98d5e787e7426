// Faults of the network as rules between hosts, and the rules as arguments of tc. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "injector/host/layout.h"
#include "injector/plan/armed_plan.h"

namespace rankle::host {

inline constexpr int kAnyHost = -1;

// What one fault does to packets from one host to another.
struct LinkRule {
  plan::Action action = plan::Action::kNone;
  size_t fault = 0;                               // its number in the plan
  int source = kAnyHost, destination = kAnyHost;  // one of them may be any: together, not each by itself
  double percent = 0;                             // net-drop
  uint64_t bytes_per_s = 0;                       // net-limit
  auto operator<=>(const LinkRule&) const = default;
};

// Can this layout carry the fault out? Ranks that share a host share its link.
absl::Status CheckLinks(const plan::ArmedFault& fault, std::string_view name, const Layout& layout);
// Does it name a rank of this job?
absl::Status CheckRanks(const plan::ArmedFault& fault, std::string_view name, const Layout& layout);
std::vector<LinkRule> LinkRulesOf(const plan::ArmedFault& fault, size_t number, const Layout& layout);

using Arguments = std::vector<std::string>;

// Each host has one interface, kHostInterface, in its own namespace; its other end is a port of the bridge.
inline constexpr char kHostInterface[] = "eth0";
std::string PortOf(int host);
// The device that the packets of a delayed fault are handed to (delay_relay.h).
std::string RelayDevice(size_t fault);

// What tc must be told, in the namespace of the host and in that of the switch.
struct LinkCommands {
  std::vector<Arguments> in_host, in_fabric;
  auto operator<=>(const LinkCommands&) const = default;
};
// Before the job starts: the queues that any of these rules will need on the host's link. Later they stay as
// they are, because the kernel drops what passes a device while its queue is exchanged.
LinkCommands QueuesFor(int host, const std::vector<LinkRule>& rules);
// So that exactly `rules` hold, beginning with none.
LinkCommands CommandsFor(int host, const std::vector<LinkRule>& rules);
// What takes these away again.
LinkCommands UndoOf(const LinkCommands& commands);

}  // namespace rankle::host
