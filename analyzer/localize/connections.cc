#include "analyzer/localize/connections.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "analyzer/localize/median.h"

namespace rankle::localize {
namespace {

// Fewer looks say nothing about a share of one in ten.
constexpr int64_t kFewestLooks = 10;
// A tenth of the time: below it the link costs less than the scatter of such few looks.
constexpr double kSlowShare = 0.1;
// And so many times what is usual in this job: large transfers are under way for part of the time on any
// link.
constexpr double kSlowFactor = 3;
// Of a rank whose other links are slow, a link that carries little is under way for less of the time: a
// fiftieth, at five looks at least. Links in order show nothing at nearly all looks, so that this much is no
// chance.
constexpr double kSlightShare = 0.02;
constexpr int64_t kFewestSlight = 5;
// Probes for lost tails retransmit a few segments of thousands on a busy host, loss one in a hundred.
constexpr double kLossShare = 0.01;
constexpr int64_t kFewestRetransmits = 5;
// Packets that did not arrive are counted, not inferred: links that are in order lose none. One or two may go
// astray anywhere.
constexpr int64_t kFewestLost = 3;

double Share(const store::KernelLink& link) {
  return static_cast<double>(link.under_way) / static_cast<double>(std::max<int64_t>(link.looks, 1));
}

bool Loses(const store::KernelLink& link) { return link.packets_lost >= kFewestLost; }

ConnectionCause CauseOf(const store::KernelLink& link) {
  if (Loses(link)) return ConnectionCause::kLoss;
  if (link.retransmits >= kFewestRetransmits &&
      static_cast<double>(link.retransmits) >= kLossShare * static_cast<double>(link.segments))
    return ConnectionCause::kLoss;
  return 2 * link.queued >= link.under_way ? ConnectionCause::kQueue : ConnectionCause::kOnTheWay;
}

using Links = std::vector<const store::KernelLink*>;

// The ranks of which more than one link is slow on the given side, and the others slightly; the links are
// taken out of `slow`.
std::vector<std::pair<int32_t, Links>> TakeRanks(int32_t store::KernelLink::*side, const Links& all,
                                                 double normal, Links& slow) {
  std::map<int32_t, Links> observed;
  std::map<int32_t, int> found;
  for (const store::KernelLink* link : all) observed[link->*side].push_back(link);
  for (const store::KernelLink* link : slow) ++found[link->*side];
  std::vector<std::pair<int32_t, Links>> ranks;
  for (const auto& [rank, count] : found) {
    Links& links = observed[rank];
    const bool all_are = std::all_of(links.begin(), links.end(), [&](const store::KernelLink* link) {
      return link->under_way >= kFewestSlight && Share(*link) >= std::max(kSlightShare, kSlowFactor * normal);
    });
    if (count < 2 || !all_are) continue;
    std::erase_if(slow, [&, r = rank](const store::KernelLink* link) { return link->*side == r; });
    ranks.emplace_back(rank, std::move(links));
  }
  return ranks;
}

// A sender whose packets and whose peer's acknowledgements are lost has less under way than it waits for:
// what has arrived is not acknowledged, and is sent again in vain. So of a link that is slow one way, the
// other way is slow too if it loses packets itself.
void AddWaysBack(const Links& all, Links& slow) {
  std::set<std::pair<int32_t, int32_t>> named;
  for (const store::KernelLink* link : slow) named.emplace(link->source, link->destination);
  for (const store::KernelLink* link : all) {
    if (Loses(*link) && named.contains({link->destination, link->source}) &&
        !named.contains({link->source, link->destination}))
      slow.push_back(link);
  }
}

SlowConnection Summary(const Links& links, double normal, double normal_rtt_us) {
  SlowConnection slow;
  std::array<int, 3> causes{};
  for (const store::KernelLink* link : links) {
    ++causes[static_cast<size_t>(CauseOf(*link))];
    slow.share += Share(*link) / static_cast<double>(links.size());
    slow.segments += link->segments, slow.retransmits += link->retransmits;
    slow.min_rtt_s = std::max(slow.min_rtt_s, link->min_rtt_us * 1e-6);
  }
  slow.cause = static_cast<ConnectionCause>(std::max_element(causes.begin(), causes.end()) - causes.begin());
  slow.normal = normal, slow.normal_min_rtt_s = normal_rtt_us * 1e-6;
  slow.links = static_cast<int>(links.size());
  return slow;
}

}  // namespace

std::string CauseName(ConnectionCause cause) {
  static constexpr const char* kNames[] = {"loss", "queue", "on_the_way"};
  return kNames[static_cast<size_t>(cause)];
}

std::vector<SlowConnection> FindSlowConnections(const std::vector<store::KernelLink>& links) {
  Links all, slow;
  std::vector<double> shares, rtts;
  for (const store::KernelLink& link : links) {
    if (link.looks < kFewestLooks) continue;
    all.push_back(&link);
    shares.push_back(Share(link)), rtts.push_back(link.min_rtt_us);
  }
  const double normal = Median(shares), normal_rtt = Median(rtts);
  for (const store::KernelLink* link : all) {
    if (Share(*link) >= std::max(kSlowShare, kSlowFactor * normal)) slow.push_back(link);
  }
  AddWaysBack(all, slow);
  std::vector<SlowConnection> found;
  for (const bool sends : {true, false}) {
    for (const auto& [rank, its] :
         TakeRanks(sends ? &store::KernelLink::source : &store::KernelLink::destination, all, normal, slow)) {
      SlowConnection part = Summary(its, normal, normal_rtt);
      part.part = sends ? SlowPart::kRow : SlowPart::kColumn;
      (sends ? part.source : part.destination) = rank;
      found.push_back(part);
    }
  }
  for (const store::KernelLink* link : slow) {
    SlowConnection part = Summary({link}, normal, normal_rtt);
    part.source = link->source, part.destination = link->destination;
    found.push_back(part);
  }
  return found;
}

}  // namespace rankle::localize
