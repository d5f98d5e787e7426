#include "injector/host/link_rules.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "injector/host/classic_bpf.h"
#include "injector/host/ranks.h"
#include "injector/plan/text.h"

namespace rankle::host {
namespace {

using plan::Action;
using plan::ArmedFault;
using plan::Direction;

std::set<int> HostsOf(const plan::RangeList& ranks, const Layout& layout) {
  std::set<int> hosts;
  for (int rank = 0; rank < layout.ranks; ++rank) {
    if (Names(ranks, rank)) hosts.insert(layout.HostOf(rank));
  }
  return hosts;
}

// A rank of a named host that is not named itself; -1 = none.
int Stranger(const plan::RangeList& ranks, const Layout& layout) {
  for (const int host : HostsOf(ranks, layout)) {
    for (const int rank : layout.RanksOf(host)) {
      if (!Names(ranks, rank)) return rank;
    }
  }
  return -1;
}

Arguments Words(const std::string& text) { return absl::StrSplit(text, ' ', absl::SkipEmpty()); }

// The shaper of `device`: a class for each limit, everything else passes unshaped.
std::string ShaperOf(const std::string& device) {
  return absl::StrCat("qdisc add dev ", device, " root handle 1: htb default 0");
}

// The queue of a class holds 1,000 packets, the kernel's usual length, and of a burst not more than two time
// slices of the timer pass at once.
void AddLimits(const std::string& device, const std::vector<LinkRule>& limits, bool by_source,
               std::vector<Arguments>& commands) {
  int minor = 0;
  for (const LinkRule& rule : limits) {
    const std::string id = absl::StrCat("1:", absl::Hex(++minor));
    const uint64_t burst = std::max<uint64_t>(rule.bytes_per_s / 125, 3000);  // 8 ms, and two frames at least
    commands.push_back(
        Words(absl::StrCat("class add dev ", device, " parent 1: classid ", id, " htb rate ",
                           rule.bytes_per_s, "bps burst ", burst, " cburst ", burst, " quantum 1514")));
    commands.push_back(Words(absl::StrCat("qdisc add dev ", device, " parent ", id, " pfifo limit 1000")));
    const int peer = by_source ? rule.source : rule.destination;
    const std::string match = peer == kAnyHost
                                  ? "u32 0 0"
                                  : absl::StrCat("ip ", by_source ? "src " : "dst ", AddressOf(peer), "/32");
    commands.push_back(Words(absl::StrCat("filter add dev ", device, " parent 1: protocol ip prio ", minor,
                                          " u32 match ", match, " flowid ", id)));
  }
}

}  // namespace

absl::Status CheckLinks(const ArmedFault& fault, std::string_view name, const Layout& layout) {
  const auto refuse = [&](auto... parts) {
    return plan::Invalid(plan::Concat("fault '", name, "': ", parts...));
  };
  if (layout.hosts == 0)
    return refuse("acts on links between hosts, and all ranks share this machine's network: give --hosts N");
  for (const plan::RangeList* list : {&fault.rank, &fault.peer}) {
    if (HostsOf(*list, layout).empty()) return refuse("names no rank of this job of ", layout.ranks);
    if (const int stranger = Stranger(*list, layout); stranger >= 0) {
      return refuse(
          "rank ", stranger, " shares ", HostName(layout.HostOf(stranger)),
          " with a rank that is named, and a link belongs to a host: name both, or give each rank a "
          "host (--hosts ",
          layout.ranks, ")");
    }
  }
  if (LinkRulesOf(fault, 0, layout).empty()) return refuse("names no link: rank and peer are the same host");
  return absl::OkStatus();
}

absl::Status CheckRanks(const ArmedFault& fault, std::string_view name, const Layout& layout) {
  for (int rank = 0; rank < layout.ranks; ++rank) {
    if (Names(fault.rank, rank)) return absl::OkStatus();
  }
  return plan::Invalid(plan::Concat("fault '", name, "': names no rank of this job of ", layout.ranks));
}

std::vector<LinkRule> LinkRulesOf(const ArmedFault& fault, size_t number, const Layout& layout) {
  const std::set<int> own = HostsOf(fault.rank, layout), peers = HostsOf(fault.peer, layout);
  // A limit without a peer is one for all that a host sends or receives; loss and delay are the same for
  // each.
  const bool together = fault.action == Action::kNetLimit && fault.peer.count == 0;
  std::set<LinkRule> rules;
  const auto add = [&](int source, int destination) {
    if (source != destination)
      rules.insert({fault.action, number, source, destination, fault.factor, fault.bytes_limit});
  };
  for (const int host : own) {
    for (const int peer : together ? std::set<int>{kAnyHost} : peers) {
      if (fault.direction != Direction::kIn) add(host, peer);
      if (fault.direction != Direction::kOut) add(peer, host);
    }
  }
  return {rules.begin(), rules.end()};
}

std::string PortOf(int host) { return absl::StrCat("port", host); }
std::string RelayDevice(size_t fault) { return absl::StrCat("relay", fault); }

LinkCommands CommandsFor(int host, const std::vector<LinkRule>& rules) {
  LinkCommands commands;
  const std::string port = PortOf(host);
  std::vector<LinkRule> sent, received;  // limits
  std::vector<Arguments> filters;
  int priority = 0;
  for (const LinkRule& rule : rules) {
    if (rule.action == Action::kNetLimit && rule.source == host) sent.push_back(rule);
    if (rule.action == Action::kNetLimit && rule.source != host && rule.destination == host)
      received.push_back(rule);
    if (rule.source != host || (rule.action != Action::kNetDrop && rule.action != Action::kNetDelay))
      continue;
    const bool drop = rule.action == Action::kNetDrop;
    // What is lost is not delayed: drops come first.
    Arguments filter =
        Words(absl::StrCat("filter add dev ", port, " ingress prio ", ++priority + (drop ? 0 : 1000)));
    if (drop) {
      const std::string program = DropProgram(AddressNumber(rule.destination), rule.percent);
      filter.insert(filter.end(), {"protocol", "all", "bpf", "da", "bytecode", program});
    } else {
      const Arguments redirect =
          Words(absl::StrCat("protocol ip u32 match ip dst ", AddressOf(rule.destination),
                             "/32 action mirred egress redirect dev ", RelayDevice(rule.fault)));
      filter.insert(filter.end(), redirect.begin(), redirect.end());
    }
    filters.push_back(std::move(filter));
  }
  AddLimits(kHostInterface, sent, /*by_source=*/false, commands.in_host);
  AddLimits(port, received, /*by_source=*/true, commands.in_fabric);
  commands.in_fabric.insert(commands.in_fabric.end(), filters.begin(), filters.end());
  return commands;
}

LinkCommands QueuesFor(int host, const std::vector<LinkRule>& rules) {
  LinkCommands commands;
  const auto any = [&](auto test) { return std::any_of(rules.begin(), rules.end(), test); };
  const auto is_limit = [](const LinkRule& rule) { return rule.action == Action::kNetLimit; };
  if (any([&](const LinkRule& rule) { return is_limit(rule) && rule.source == host; }))
    commands.in_host.push_back(Words(ShaperOf(kHostInterface)));
  if (any([&](const LinkRule& rule) { return is_limit(rule) && rule.destination == host; }))
    commands.in_fabric.push_back(Words(ShaperOf(PortOf(host))));
  if (any([&](const LinkRule& rule) { return !is_limit(rule) && rule.source == host; }))
    commands.in_fabric.push_back(Words(absl::StrCat("qdisc add dev ", PortOf(host), " clsact")));
  return commands;
}

LinkCommands UndoOf(const LinkCommands& commands) {
  const auto undo = [](const std::vector<Arguments>& made) {
    // Filters first: a class that a filter leads to is busy, and a queue goes with its class.
    std::set<Arguments> filters, classes;
    for (const Arguments& words :
         made) {  // "filter add dev D ingress|parent 1: ...", "class add dev D parent 1: classid C ..."
      if (words[0] == "filter") {
        Arguments all = {"filter", "del", "dev", words[3], words[4]};
        if (words[4] == "parent") all.push_back(words[5]);
        filters.insert(std::move(all));
      }
      if (words[0] == "class") classes.insert({"class", "del", "dev", words[3], "classid", words[7]});
    }
    std::vector<Arguments> list(filters.begin(), filters.end());
    list.insert(list.end(), classes.begin(), classes.end());
    return list;
  };
  return {.in_host = undo(commands.in_host), .in_fabric = undo(commands.in_fabric)};
}

}  // namespace rankle::host
