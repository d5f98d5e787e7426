#include "analyzer/stitch/search/rank.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_map.h"

namespace rankle::stitch {
namespace {

// A cycle whose single faults were survived may still keep itself going, so that severity 0 is not worth 0.
constexpr double kHarmless = 0.1;

struct Share {
  double sum = 0, most = 0;
  size_t count = 0;
  void Add(double share) {
    sum += share;
    most = std::max(most, share);
    ++count;
  }
  double value() const { return count == 0 ? 0 : sum / count + most; }
};

class Frequencies {
 public:
  Frequencies(const Causes& causes, const StitchGraph& graph, const std::vector<FoundCycle>& found)
      : causes_(causes), graph_(graph), cycles_(static_cast<double>(found.size())) {
    for (const FoundCycle& cycle : found) {
      std::set<SiteId> sites;
      for (uint32_t g : cycle.groups) {
        ++places_[Place(g)];
        sites.insert(FaultSite(g));
      }
      for (SiteId site : sites) ++sites_[site];
    }
  }

  double Of(const FoundCycle& cycle) const {
    Share places, sites;
    for (uint32_t g : cycle.groups) {
      places.Add(places_.at(Place(g)) / cycles_);
      sites.Add(sites_.at(FaultSite(g)) / cycles_);
    }
    return places.value() + sites.value();
  }

 private:
  uint32_t Place(uint32_t g) const { return graph_.departures[graph_.groups[g].departure].place; }
  SiteId FaultSite(uint32_t g) const {
    const Edge& edge = causes_.edges[graph_.groups[g].edges.front()];
    return causes_.experiments[edge.experiment].fault.site;
  }

  const Causes& causes_;
  const StitchGraph& graph_;
  const double cycles_;
  absl::flat_hash_map<uint32_t, double> places_;
  absl::flat_hash_map<SiteId, double> sites_;
};

using LinkKey = std::tuple<uint32_t, uint32_t, Effect>;  // from, to, by

std::set<LinkKey> Links(const StitchGraph& graph, const FoundCycle& cycle) {
  std::set<LinkKey> links;
  for (uint32_t g : cycle.groups) {
    const StitchGraph::Group& group = graph.groups[g];
    links.insert(
        {graph.departures[group.departure].place, graph.arrivals[group.arrival].place, group.effect});
  }
  return links;
}

}  // namespace

std::vector<Ranked> Rank(const Causes& causes, const StitchGraph& graph,
                         const std::vector<FoundCycle>& found) {
  const Frequencies frequencies(causes, graph, found);
  std::vector<Ranked> ranked(found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CycleFactors& factors = ranked[i].factors;
    ranked[i].found = i;
    factors.frequency = frequencies.Of(found[i]);
    factors.weakest_confidence = found[i].weakest;
    for (uint32_t g : found[i].groups) {
      const Edge& edge = causes.edges[graph.groups[g].edges.front()];
      const Experiment& experiment = causes.experiments[edge.experiment];
      factors.severity = std::max({factors.severity, experiment.bad_ends, experiment.lost_work});
    }
    factors.score = factors.weakest_confidence * (kHarmless + (1 - kHarmless) * factors.severity);
  }
  double rarest = 4;
  for (const Ranked& r : ranked) rarest = std::min(rarest, r.factors.frequency);
  // Classes, because of two frequencies that differ by a hair neither tells more than confidence and
  // severity.
  for (Ranked& r : ranked) {
    r.factors.rarity_class = static_cast<int>(std::floor(std::log2(r.factors.frequency / rarest) + 1e-9));
  }
  std::sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) {
    return std::tuple(a.factors.rarity_class, -a.factors.score, found[a.found].groups.size(), a.found) <
           std::tuple(b.factors.rarity_class, -b.factors.score, found[b.found].groups.size(), b.found);
  });
  return ranked;
}

size_t Cluster(const StitchGraph& graph, const std::vector<FoundCycle>& found, size_t count,
               std::vector<Ranked>& ranked) {
  std::vector<size_t> sizes;                   // links of each cluster's leader
  std::map<LinkKey, std::vector<size_t>> led;  // clusters whose leader has the link, ascending
  for (size_t i = 0; i < std::min(count, ranked.size()); ++i) {
    const std::set<LinkKey> links = Links(graph, found[ranked[i].found]);
    std::map<size_t, size_t> shared;  // by cluster
    for (const LinkKey& link : links) {
      for (size_t cluster : led[link]) ++shared[cluster];
    }
    const auto joined = std::find_if(shared.begin(), shared.end(), [&](const auto& entry) {
      return 2 * entry.second >= links.size() + sizes[entry.first] - entry.second;
    });
    ranked[i].leads = joined == shared.end();
    ranked[i].cluster = 1 + (ranked[i].leads ? sizes.size() : joined->first);
    if (!ranked[i].leads) continue;
    for (const LinkKey& link : links) led[link].push_back(sizes.size());
    sizes.push_back(links.size());
  }
  return sizes.size();
}

}  // namespace rankle::stitch
