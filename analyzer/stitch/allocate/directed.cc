#include "analyzer/stitch/allocate/directed.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "analyzer/stitch/allocate/consequences.h"

namespace rankle::stitch {
namespace {

// Weights of a product; what matters is their order, and that none forbids anything. Compared with each other
// and with the published allocation by tests/benchmarks/allocation_power.cc.
constexpr double kWanted = 8;          // known effects lead to the place: a cycle through it is possible
constexpr double kWantedAlike = 2;     // ... and the workload gets there as the effect did
constexpr double kShorterDelay = 0.2;  // the longest delay of an injection has most of the effects of all
// Each workload in which an injection was tried leaves less to find in the next one; more is left where its
// consequences differed between workloads. One workload: in the middle.
constexpr double kUnknownSimilarity = 0.5;

struct Wanted {
  std::set<CallSiteId> call_sites;  // at which effects came about
};

class Directed {
 public:
  Directed(const Known& known, const std::vector<Injection>& injections)
      : known_(known), injections_(injections), consequences_(ConsequencesOf(known.causes, injections)) {
    for (const Edge& edge : known.causes.edges) {
      Wanted& wanted = wanted_[{edge.to.site, edge.effect == Effect::kNewBehaviour}];
      for (const Evidence& evidence : edge.evidence) wanted.call_sites.insert(evidence.call_site);
    }
    for (const RunObservation& run : known.runs) {
      if (run.fault) continue;
      for (const SiteObservation& row : run.rows) {
        if (row.hits > 0 && IsWantedSite(row.site)) reached_.insert({run.workload, row.site, row.call_site});
      }
    }
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
      const double left = Left(i);
      for (size_t turn = 0; turn < injection.workloads.size(); ++turn) {
        const std::string& workload = injection.workloads[turn];
        const double score = left * Want(injection, workload);
        for (const Fault& fault : injection.faults) {
          if (known_.made.contains({workload, fault})) continue;
          const bool shorter = fault.kind == FaultKind::kDelay && &fault != &injection.faults.back();
          all.push_back({shorter ? score * kShorterDelay : score, turn, i, &fault, &workload});
        }
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) {
      return std::tuple(-a.score, a.turn, a.injection) < std::tuple(-b.score, b.turn, b.injection);
    });
    std::vector<Choice> choices;
    for (const Scored& scored : all) choices.push_back({*scored.workload, *scored.fault});
    return choices;
  }

 private:
  bool IsWantedSite(SiteId site) const {
    return wanted_.contains({site, false}) || wanted_.contains({site, true});
  }

  // How much another workload may still show, 1 for an injection that was never tried.
  double Left(size_t i) const {
    size_t tried = 0;
    for (const std::string& workload : injections_[i].workloads) {
      tried +=
          std::any_of(injections_[i].faults.begin(), injections_[i].faults.end(), [&](const Fault& fault) {
            return known_.made.contains({workload, fault});
          });
    }
    if (tried == 0) return 1;
    const double alike = 0.5 * (SimilarityAcross(consequences_[i], Word::kBehaviour, kUnknownSimilarity) +
                                SimilarityAcross(consequences_[i], Word::kLoad, kUnknownSimilarity));
    return (1.5 - alike) / (1.0 + static_cast<double>(tried));
  }

  // Errors follow on new behaviour of their place, delays on load of it.
  double Want(const Injection& injection, const std::string& workload) const {
    const bool behaviour = injection.fault().kind != FaultKind::kDelay;
    double want = 1;
    for (SiteId site : std::set<SiteId>{injection.place(), injection.fault().site}) {
      const auto it = wanted_.find({site, behaviour});
      if (it == wanted_.end()) continue;
      const bool alike =
          std::any_of(it->second.call_sites.begin(), it->second.call_sites.end(), [&](CallSiteId call_site) {
            return reached_.contains({workload, site, call_site});
          });
      want = std::max(want, alike ? kWanted * kWantedAlike : kWanted);
    }
    return want;
  }

  const Known& known_;
  const std::vector<Injection>& injections_;
  const std::vector<Consequences> consequences_;
  std::map<std::pair<SiteId, bool>, Wanted> wanted_;  // by site, and whether its behaviour is new
  std::set<std::tuple<std::string, SiteId, CallSiteId>> reached_;
};

}  // namespace

std::vector<Choice> DirectedExperiments(const Known& known, const std::vector<Injection>& injections) {
  return Directed(known, injections).InOrder();
}

}  // namespace rankle::stitch
