#include "analyzer/stitch/search/graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "analyzer/stitch/search/compatible.h"

namespace rankle::stitch {
namespace {

using Key = std::vector<uint64_t>;

class Builder {
 public:
  Builder(const Causes& causes, const Names& names, bool load_after_load)
      : causes_(causes), names_(names), load_after_load_(load_after_load) {}

  StitchGraph Build() {
    NumberPlaces();
    for (size_t i = 0; i < causes_.experiments.size(); ++i) AddDepartures(i);
    for (size_t i = 0; i < causes_.edges.size(); ++i) AddEdge(i);
    for (StitchGraph::Group& group : graph_.groups) {
      std::stable_sort(group.edges.begin(), group.edges.end(), [&](uint32_t a, uint32_t b) {
        return causes_.edges[a].confidence > causes_.edges[b].confidence;
      });
    }
    Connect();
    return std::move(graph_);
  }

 private:
  void NumberPlaces() {
    std::set<Place> places;
    for (const Experiment& experiment : causes_.experiments) {
      for (const Experiment::Own& own : experiment.own) places.insert(own.key.place);
    }
    graph_.places.assign(places.begin(), places.end());
    for (size_t i = 0; i < graph_.places.size(); ++i) number_[graph_.places[i]] = static_cast<uint32_t>(i);
    departures_at_.resize(graph_.places.size());
  }

  // The same number for the same key, counting up from 0.
  static std::pair<uint32_t, bool> Number(absl::flat_hash_map<Key, uint32_t>& numbers, Key key) {
    const auto [it, fresh] = numbers.try_emplace(std::move(key), static_cast<uint32_t>(numbers.size()));
    return {it->second, fresh};
  }

  void AddDepartures(size_t index) {
    const Experiment& experiment = causes_.experiments[index];
    const bool delay = IsDelay(experiment.fault);
    const auto site = names_.sites.find(experiment.fault.site);
    const bool guarded = site != names_.sites.end() && !site->second.guards.empty();
    std::map<uint32_t, Key> keys;
    for (const Experiment::Own& own : experiment.own) {
      Key& key = keys[number_.at(own.key.place)];
      key.push_back(own.key.call_site);
      if (delay) continue;  // of a delay only the call sites count
      key.push_back(own.signatures.size());
      key.insert(key.end(), own.signatures.begin(), own.signatures.end());
    }
    for (auto& [place, key] : keys) {
      // Guards belong to the fault's site.
      key.insert(key.begin(), {place, delay, guarded ? experiment.fault.site : 0});
      const auto [number, fresh] = Number(departure_numbers_, std::move(key));
      if (fresh) {
        graph_.departures.push_back({.place = place, .groups = {}});
        first_of_departure_.push_back(static_cast<uint32_t>(index));
        departures_at_[place].push_back(number);
      }
      departures_of_[index].push_back(number);
    }
  }

  bool MayChain(const Edge& edge) const {
    if (!number_.contains(edge.to)) return false;  // no fault was injected there
    if (!IsDelay(causes_.experiments[edge.experiment].fault) || !IsLoad(edge.effect)) return true;
    if (!load_after_load_) return false;
    // A delay makes the run longer, so that what goes by the clock comes more often: that is not load.
    const auto loaded = names_.sites.find(edge.effect == Effect::kMoreWork ? edge.to.site : edge.via.site);
    return loaded == names_.sites.end() || !loaded->second.timer;
  }

  void AddEdge(size_t index) {
    const Edge& edge = causes_.edges[index];
    const auto from = departures_of_.find(edge.experiment);
    if (!MayChain(edge) || from == departures_of_.end()) {
      ++graph_.left_out;
      return;
    }
    const uint32_t place = number_.at(edge.to);
    const bool load = IsLoad(edge.effect);
    Key key = {place, load};
    for (const Evidence& evidence : edge.evidence) {
      key.push_back(evidence.call_site);
      if (load) continue;
      key.push_back(evidence.fresh.size());
      key.insert(key.end(), evidence.fresh.begin(), evidence.fresh.end());
    }
    const auto [arrival, fresh_arrival] = Number(arrival_numbers_, std::move(key));
    if (fresh_arrival) {
      graph_.arrivals.push_back({.place = place, .next = {}});
      first_of_arrival_.push_back(static_cast<uint32_t>(index));
    }
    for (uint32_t departure : from->second) {
      const auto [group, fresh] =
          Number(group_numbers_, {departure, arrival, static_cast<uint64_t>(edge.effect)});
      if (fresh) {
        graph_.groups.push_back({departure, arrival, edge.effect, {}});
        graph_.departures[departure].groups.push_back(group);
      }
      graph_.groups[group].edges.push_back(static_cast<uint32_t>(index));
    }
  }

  void Connect() {
    for (size_t a = 0; a < graph_.arrivals.size(); ++a) {
      StitchGraph::Arrival& arrival = graph_.arrivals[a];
      const Edge& edge = causes_.edges[first_of_arrival_[a]];
      for (uint32_t departure : departures_at_[arrival.place]) {
        if (graph_.departures[departure].groups.empty()) continue;  // its fault caused nothing
        const Experiment& experiment = causes_.experiments[first_of_departure_[departure]];
        if (Meet(edge, experiment, names_)) arrival.next.push_back(departure);
      }
    }
  }

  const Causes& causes_;
  const Names& names_;
  const bool load_after_load_;
  StitchGraph graph_;
  std::map<Place, uint32_t> number_;
  absl::flat_hash_map<Key, uint32_t> departure_numbers_, arrival_numbers_, group_numbers_;
  absl::flat_hash_map<size_t, std::vector<uint32_t>> departures_of_;  // by experiment
  std::vector<std::vector<uint32_t>> departures_at_;                  // by place
  std::vector<uint32_t> first_of_departure_, first_of_arrival_;       // an experiment, an edge of the class
};

}  // namespace

StitchGraph BuildGraph(const Causes& causes, const Names& names, bool load_after_load) {
  return Builder(causes, names, load_after_load).Build();
}

}  // namespace rankle::stitch
