#include "analyzer/stitch/search/walk.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace rankle::stitch {
namespace {

constexpr uint8_t kFar = 255;

class Walk {
 public:
  Walk(const Causes& causes, const StitchGraph& graph, const WalkLimits& limits)
      : graph_(graph), limits_(limits), back_(graph.places.size(), kFar), used_(graph.places.size(), false) {
    for (const StitchGraph::Group& group : graph.groups) {
      confidence_.push_back(causes.edges[group.edges.front()].confidence);
    }
    departures_at_.resize(graph.places.size());
    for (size_t d = 0; d < graph.departures.size(); ++d) {
      if (!graph.departures[d].groups.empty()) {
        departures_at_[graph.departures[d].place].push_back(static_cast<uint32_t>(d));
      }
    }
    // Places from which an edge leads to a place and can be continued there.
    before_.resize(graph.places.size());
    for (const StitchGraph::Group& group : graph.groups) {
      const StitchGraph::Arrival& arrival = graph.arrivals[group.arrival];
      if (!arrival.next.empty()) before_[arrival.place].push_back(graph.departures[group.departure].place);
    }
    for (auto& places : before_) {
      std::sort(places.begin(), places.end());
      places.erase(std::unique(places.begin(), places.end()), places.end());
    }
  }

  Walked Run() {
    for (length_ = 2; length_ <= limits_.edges && walked_.steps < limits_.steps; ++length_) OfLength();
    if (length_ <= limits_.edges) {
      walked_.cut.push_back(absl::StrCat("cycles of ", length_, " to ", limits_.edges,
                                         " edges were not searched: the bound of ", limits_.steps,
                                         " steps was met"));
    }
    if (left_out_ > 0) {
      walked_.cut.push_back(absl::StrCat(left_out_, " cycles were found and left out: the bound of ",
                                         limits_.cycles, " different ones was met; kept are the shortest"));
    }
    for (auto& [key, cycle] : found_) keyed_.push_back({key, std::move(cycle)});
    std::sort(keyed_.begin(), keyed_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.size(), a.first) < std::pair(b.first.size(), b.first);
    });
    for (auto& [key, cycle] : keyed_) walked_.cycles.push_back(std::move(cycle));
    return std::move(walked_);
  }

 private:
  // Every place gets its share of the steps, and what it does not need goes to the ones after it.
  void OfLength() {
    size_t cut_short = 0;
    for (uint32_t place = 0; place < graph_.places.size(); ++place) {
      if (departures_at_[place].empty()) continue;
      if (walked_.steps >= limits_.steps) {
        ++cut_short;
        continue;
      }
      const uint64_t share = (limits_.steps - walked_.steps) / (graph_.places.size() - place);
      stop_at_ = walked_.steps + share;
      if (!MeasureBack(place)) continue;
      start_place_ = place;
      used_[place] = true;
      for (uint32_t departure : departures_at_[place]) {
        start_ = departure;
        Extend(departure);
      }
      used_[place] = false;
      cut_short += walked_.steps >= stop_at_;
    }
    if (cut_short > 0) {
      walked_.cut.push_back(absl::StrCat("cycles of ", length_, " edges: the search from ", cut_short, " of ",
                                         graph_.places.size(), " places was cut short by the bound of ",
                                         limits_.steps, " steps"));
    }
  }

  // back_[p] = the least number of edges from p to the start by places not before it, up to length_ - 1: a
  // lower bound, since it asks for neither compatibility nor simplicity. False if nothing leads back.
  bool MeasureBack(uint32_t start) {
    for (uint32_t place : measured_) back_[place] = kFar;
    measured_.assign(1, start);
    back_[start] = 0;
    for (size_t i = 0; i < measured_.size(); ++i) {
      const uint32_t place = measured_[i];
      if (back_[place] + size_t{1} >= length_) break;
      for (uint32_t before : before_[place]) {
        ++walked_.steps;
        if (before <= start || back_[before] != kFar) continue;
        back_[before] = back_[place] + 1;
        measured_.push_back(before);
      }
    }
    return measured_.size() > 1;
  }

  void Extend(uint32_t departure) {
    const size_t left = length_ - path_.size() - 1;  // edges after the one that is added now
    for (uint32_t g : graph_.departures[departure].groups) {
      const StitchGraph::Group& group = graph_.groups[g];
      const StitchGraph::Arrival& arrival = graph_.arrivals[group.arrival];
      if (walked_.steps >= stop_at_) return;
      ++walked_.steps;
      if (left == 0) {
        if (arrival.place == start_place_ &&
            std::binary_search(arrival.next.begin(), arrival.next.end(), start_)) {
          path_.push_back(g);
          Keep();
          path_.pop_back();
        }
        continue;
      }
      // Places before the start are kFar away as well, which is more than any number of edges left.
      if (used_[arrival.place] || back_[arrival.place] > left) continue;
      used_[arrival.place] = true;
      path_.push_back(g);
      for (uint32_t next : arrival.next) Extend(next);
      path_.pop_back();
      used_[arrival.place] = false;
    }
  }

  void Keep() {
    std::vector<uint32_t> key;
    double weakest = 1;
    for (uint32_t g : path_) {
      const StitchGraph::Group& group = graph_.groups[g];
      key.push_back(graph_.departures[group.departure].place * 4 + static_cast<uint32_t>(group.effect));
      weakest = std::min(weakest, confidence_[g]);
    }
    auto it = found_.find(key);
    if (it == found_.end()) {
      if (found_.size() >= limits_.cycles) {
        ++left_out_;
        return;
      }
      it = found_.try_emplace(std::move(key)).first;
    }
    FoundCycle& cycle = it->second;
    if (cycle.variants++ == 0 || weakest > cycle.weakest) {
      cycle.groups = path_;
      cycle.weakest = weakest;
    }
  }

  const StitchGraph& graph_;
  const WalkLimits& limits_;
  Walked walked_;
  std::vector<double> confidence_;                    // by group
  std::vector<std::vector<uint32_t>> departures_at_;  // by place
  std::vector<std::vector<uint32_t>> before_;         // by place
  std::vector<uint8_t> back_;                         // by place
  std::vector<bool> used_;                            // by place
  std::vector<uint32_t> measured_, path_;
  size_t length_ = 0;
  uint32_t start_ = 0, start_place_ = 0;
  uint64_t stop_at_ = 0, left_out_ = 0;
  absl::flat_hash_map<std::vector<uint32_t>, FoundCycle> found_;
  std::vector<std::pair<std::vector<uint32_t>, FoundCycle>> keyed_;
};

}  // namespace

Walked FindCycles(const Causes& causes, const StitchGraph& graph, const WalkLimits& limits) {
  return Walk(causes, graph, limits).Run();
}

}  // namespace rankle::stitch
