#include "analyzer/stitch/allocate/three_phase.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "analyzer/stitch/allocate/consequences.h"
#include "analyzer/stitch/allocate/linkage.h"
#include "analyzer/stitch/allocate/random.h"

namespace rankle::stitch {
namespace {

constexpr double kClusterThreshold = 1;  // published
// Published: an injection's chance in pass 3 falls with how alike its consequences are, E more than S+.
constexpr double kWeightBase = 1.01, kBehaviourWeight = 0.75, kLoadWeight = 0.25, kLeastWeight = 0.01;
// One workload says nothing of what depends on workloads: between the two extremes.
constexpr double kUnknownSimilarity = 0.5;

bool IsDelay(const Injection& injection) { return injection.fault().kind == FaultKind::kDelay; }

class Passes {
 public:
  Passes(const Known& known, const std::vector<Injection>& injections, uint64_t seed,
         const AllocationOptions& options)
      : known_(known), injections_(injections), options_(options), random_(seed), made_(known.made) {}

  std::vector<Choice> First() {
    std::vector<Choice> choices;
    for (const Injection& injection : injections_) {
      const size_t count = std::min(options_.workloads_an_injection, injection.workloads.size());
      for (size_t i = 0; i < count; ++i) Add(injection.workloads[i], injection.faults, choices);
    }
    return choices;
  }

  std::vector<Choice> Second() {
    std::vector<size_t> members = Useful();
    std::vector<Document> documents;
    documents.reserve(members.size());
    const std::vector<Consequences> all = ConsequencesOf(known_.causes, injections_);
    for (size_t i : members) documents.push_back(all[i].all);
    documents = Weigh(documents);
    const std::vector<size_t> clusters = Clusters(
        members.size(), [&](size_t i, size_t j) { return 1 - CosineSimilarity(documents[i], documents[j]); },
        kClusterThreshold);
    std::map<size_t, std::vector<size_t>> by_cluster;
    for (size_t i = 0; i < members.size(); ++i) by_cluster[clusters[i]].push_back(members[i]);
    std::vector<Choice> choices;
    for (const auto& [cluster, of_cluster] : by_cluster) {
      for (size_t draw = 0; draw < options_.workloads_an_injection; ++draw) {
        Draw(injections_[of_cluster[random_.Below(of_cluster.size())]], choices);
      }
    }
    return choices;
  }

  std::vector<Choice> Third() {
    const std::vector<size_t> members = Useful();
    const std::vector<Consequences> all = ConsequencesOf(known_.causes, injections_);
    std::vector<double> upto;  // cumulated weights
    for (size_t i : members) {
      double weight = kWeightBase -
                      kBehaviourWeight * SimilarityAcross(all[i], Word::kBehaviour, kUnknownSimilarity) -
                      kLoadWeight * SimilarityAcross(all[i], Word::kLoad, kUnknownSimilarity);
      if (IsDelay(injections_[i])) weight = std::max(kLeastWeight, weight - options_.delay_offset);
      upto.push_back(weight + (upto.empty() ? 0 : upto.back()));
    }
    std::vector<Choice> choices;
    const auto quota = static_cast<size_t>(injections_.size() * options_.third_pass_share);
    for (size_t draw = 0; draw < quota && !members.empty(); ++draw) {
      const auto it = std::upper_bound(upto.begin(), upto.end(), random_.Unit() * upto.back());
      Draw(injections_[members[std::min<size_t>(it - upto.begin(), members.size() - 1)]], choices);
    }
    return choices;
  }

 private:
  void Add(const std::string& workload, const std::vector<Fault>& faults, std::vector<Choice>& choices) {
    for (const Fault& fault : faults) {
      if (made_.insert({workload, fault}).second) choices.push_back({workload, fault});
    }
  }

  // Injections that a workload reaches; a delay only where something was seen to load or slow its loop.
  std::vector<size_t> Useful() const {
    std::set<SiteId> loaded;
    for (const Edge& edge : known_.causes.edges) {
      if (edge.effect != Effect::kNewBehaviour) loaded.insert(edge.to.site);
    }
    std::vector<size_t> useful;
    for (size_t i = 0; i < injections_.size(); ++i) {
      if (injections_[i].workloads.empty()) continue;
      if (!IsDelay(injections_[i]) || loaded.contains(injections_[i].place())) useful.push_back(i);
    }
    return useful;
  }

  // One workload that was not used with it yet, and of delays only lengths that ever changed behaviour.
  void Draw(const Injection& injection, std::vector<Choice>& choices) {
    std::vector<std::string> unused;
    for (const std::string& workload : injection.workloads) {
      const bool used =
          std::any_of(injection.faults.begin(), injection.faults.end(), [&](const Fault& fault) {
            return made_.contains({workload, fault});
          });
      if (!used) unused.push_back(workload);
    }
    if (unused.empty()) return;
    std::vector<Fault> faults = injection.faults;
    if (IsDelay(injection)) {
      const int64_t least = LeastTellingDelay();
      std::erase_if(faults, [&](const Fault& fault) { return fault.parameter < least; });
    }
    Add(unused[random_.Below(unused.size())], faults, choices);
  }

  int64_t LeastTellingDelay() const {
    int64_t least = std::numeric_limits<int64_t>::max();
    for (const Edge& edge : known_.causes.edges) {
      const Fault& fault = known_.causes.experiments[edge.experiment].fault;
      if (edge.effect == Effect::kNewBehaviour && fault.kind == FaultKind::kDelay) {
        least = std::min(least, fault.parameter);
      }
    }
    // None yet: all lengths, since leaving out all of them would end the search for delays.
    return least == std::numeric_limits<int64_t>::max() ? 0 : least;
  }

  const Known& known_;
  const std::vector<Injection>& injections_;
  const AllocationOptions& options_;
  Random random_;
  std::set<Choice> made_;  // with what this pass chose
};

}  // namespace

std::vector<Choice> ThreePhaseExperiments(const Known& known, const std::vector<Injection>& injections,
                                          size_t pass, uint64_t seed, const AllocationOptions& options) {
  Passes passes(known, injections, seed, options);
  if (pass == 0) return passes.First();
  if (pass == 1) return passes.Second();
  if (pass == 2) return passes.Third();
  return {};
}

}  // namespace rankle::stitch
