#include "analyzer/stitch/allocate/directed.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "analyzer/stitch/allocate/consequences.h"

namespace rankle::stitch {
namespace {

// Weights of a product; what matters is their order, and that none forbids anything. Compared with the
// published allocation and with chance by tests/benchmarks/allocation_power.cc.
constexpr double kWanted = 8;       // known effects lead to the place: a cycle through it is possible
constexpr double kWantedAlike = 2;  // ... and the workload gets there as the effect did
// An effect on a place from which known effects lead here would close a cycle, so looking for it weighs more.
constexpr double kCloses = 3;
constexpr int kClosesWithin = 4;       // edges; cycles of more than five are hardly ever confirmed
constexpr double kShorterDelay = 0.2;  // the longest delay of an injection has most of the effects of all
// Of a fault that comes once, the first hit has most of the effects: what is done once, and what comes again.
constexpr double kLaterHit = 0.2;
// A place that a workload reached together with the fault, without any effect there: only an effect that
// depends on more than that is left to be found, and after each further workload as much less of it.
constexpr double kSeenTogether = 0.5;
// Places at which nothing can be injected yet count a little, so that no experiment is worth nothing.
constexpr double kElsewhere = 0.01;
// How alike the consequences are in different workloads, while only one was tried: in the middle.
constexpr double kUnknownSimilarity = 0.5;

class Directed {
 public:
  Directed(const Known& known, const std::vector<Injection>& injections)
      : known_(known), injections_(injections), consequences_(ConsequencesOf(known.causes, injections)) {
    for (const Injection& injection : injections) {
      for (SiteId site : {injection.place(), injection.fault().site}) {
        numbers_.try_emplace(site, static_cast<uint32_t>(numbers_.size()));
      }
    }
    NoteReach();
    NoteEffects();
  }

  std::vector<Choice> InOrder() const {
    struct Scored {
      double score;
      size_t turn, injection;  // ties: first workloads of all injections, then second ones, ...
      const Fault* fault;
      const std::string* workload;
    };
    std::vector<Scored> all;
    for (size_t i = 0; i < injections_.size(); ++i) {
      const Injection& injection = injections_[i];
      const std::vector<double> left = LeftToFind(i);
      for (size_t turn = 0; turn < injection.workloads.size(); ++turn) {
        const std::string& workload = injection.workloads[turn];
        double score = kElsewhere;
        for (uint32_t site : reach_.at(workload)) score += left[site];
        score *= Want(injection, workload);
        for (const Fault& fault : injection.faults) {
          if (known_.made.contains({workload, fault})) continue;
          const bool shorter = fault.kind == FaultKind::kDelay && &fault != &injection.faults.back();
          const double weight = shorter ? kShorterDelay : fault.hit > 1 ? kLaterHit : 1;
          all.push_back({score * weight, turn, i, &fault, &workload});
        }
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) {
      return std::tuple(-a.score, a.turn, a.injection) < std::tuple(-b.score, b.turn, b.injection);
    });
    std::vector<Choice> choices;
    choices.reserve(all.size());
    for (const Scored& scored : all) choices.push_back({*scored.workload, *scored.fault});
    return choices;
  }

 private:
  using Sites = std::set<uint32_t>;  // numbers of sites at which something can be injected

  void NoteReach() {
    for (const RunObservation& run : known_.runs) {
      if (run.fault) continue;
      Sites& sites = reach_[run.workload];
      for (const SiteObservation& row : run.rows) {
        const auto it = numbers_.find(row.site);
        if (row.hits == 0 || it == numbers_.end()) continue;
        sites.insert(it->second);
        call_sites_.insert({run.workload, row.site, row.call_site});
      }
    }
  }

  void NoteEffects() {
    causes_of_.resize(numbers_.size());
    for (const Edge& edge : known_.causes.edges) {
      const auto to = numbers_.find(edge.to.site);
      if (to == numbers_.end()) continue;
      auto& call_sites = wanted_[{edge.to.site, edge.effect == Effect::kNewBehaviour}];
      for (const Evidence& evidence : edge.evidence) call_sites.insert(evidence.call_site);
      const Fault& fault = known_.causes.experiments[edge.experiment].fault;
      for (SiteId from : {fault.site, fault.context}) {
        if (const auto it = numbers_.find(from); it != numbers_.end()) {
          causes_of_[to->second].insert(it->second);
          effects_of_[it->second].insert(to->second);
        }
      }
    }
  }

  // Sites from which known effects lead to this one.
  Sites Before(uint32_t site) const {
    Sites before, last = {site};
    for (int step = 0; step < kClosesWithin && !last.empty(); ++step) {
      Sites next;
      for (uint32_t at : last) {
        for (uint32_t from : causes_of_[at]) {
          if (before.insert(from).second) next.insert(from);
        }
      }
      last = std::move(next);
    }
    return before;
  }

  // By site: what an effect of the injection on it would be worth, times how much of that is not looked at
  // yet.
  std::vector<double> LeftToFind(size_t i) const {
    const Injection& injection = injections_[i];
    const double alike = 0.5 * (SimilarityAcross(consequences_[i], Word::kBehaviour, kUnknownSimilarity) +
                                SimilarityAcross(consequences_[i], Word::kLoad, kUnknownSimilarity));
    const uint32_t place = numbers_.at(injection.place());
    const Sites before = Before(place);
    std::vector<double> left(numbers_.size());
    for (uint32_t site = 0; site < left.size(); ++site) left[site] = before.contains(site) ? 1 + kCloses : 1;
    left[place] = 0;
    bool first = true;
    for (const std::string& workload : injection.workloads) {
      const bool tried =
          std::any_of(injection.faults.begin(), injection.faults.end(), [&](const Fault& fault) {
            return known_.made.contains({workload, fault});
          });
      if (!tried) continue;
      // Consequences that differ between workloads leave up to three times as much as ones that do not.
      for (uint32_t site : reach_.at(workload)) left[site] *= kSeenTogether * (first ? 1.5 - alike : 1);
      first = false;
    }
    if (const auto it = effects_of_.find(place); it != effects_of_.end()) {
      for (uint32_t site : it->second) left[site] = 0;  // found
    }
    return left;
  }

  // Errors follow on new behaviour of their place, delays on load of it.
  double Want(const Injection& injection, const std::string& workload) const {
    const bool behaviour = injection.fault().kind != FaultKind::kDelay;
    double want = 1;
    for (SiteId site : {injection.place(), injection.fault().site}) {
      const auto it = wanted_.find({site, behaviour});
      if (it == wanted_.end()) continue;
      const bool alike = std::any_of(it->second.begin(), it->second.end(), [&](CallSiteId call_site) {
        return call_sites_.contains({workload, site, call_site});
      });
      want = std::max(want, alike ? kWanted * kWantedAlike : kWanted);
    }
    return want;
  }

  const Known& known_;
  const std::vector<Injection>& injections_;
  const std::vector<Consequences> consequences_;
  absl::flat_hash_map<SiteId, uint32_t> numbers_;
  std::map<std::string, Sites> reach_;
  std::set<std::tuple<std::string, SiteId, CallSiteId>> call_sites_;  // reached, by workload
  std::vector<Sites> causes_of_;
  std::map<uint32_t, Sites> effects_of_;
  // By site and whether its behaviour is new (else load): the call sites at which effects came about.
  std::map<std::pair<SiteId, bool>, std::set<CallSiteId>> wanted_;
};

}  // namespace

std::vector<Choice> DirectedExperiments(const Known& known, const std::vector<Injection>& injections) {
  return Directed(known, injections).InOrder();
}

}  // namespace rankle::stitch
