#include "analyzer/stitch/fca/causes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "analyzer/stitch/fca/more_work.h"
#include "analyzer/stitch/fca/new_behaviour.h"
#include "analyzer/stitch/fca/repeats.h"
#include "analyzer/stitch/fca/slowed_parents.h"
#include "analyzer/stitch/fca/tests.h"

namespace rankle::stitch {
namespace {

// Where loops lie, for edges to parents and siblings: by experiment and parent, and call sites by place.
struct Nesting {
  std::map<std::pair<size_t, Place>, std::set<Place>> children;
  std::map<std::pair<size_t, Place>, std::set<CallSiteId>> call_sites;
};

class Analysis {
 public:
  explicit Analysis(const FcaOptions& options) : options_(options) {}

  Causes Run(const Observations& observations) {
    std::vector<Comparison> comparisons = GroupRuns(observations.runs, causes_.notes);
    for (Comparison& comparison : comparisons) {
      FillRows(comparison, options_.watched);
      AddExperiment(comparison);
      Add(comparison, kBehaviour, TestBehaviour(comparison, options_));
      const WorkTests work = TestWork(comparison, options_);
      Add(comparison, kWork, work.varying);
      Add(comparison, kSteadyWork, work.steady);
      Add(comparison, kParents, TestParents(comparison, options_));
      comparison.rows = {};
    }
    std::array<Causes::Tested*, kKinds> tested = {&causes_.behaviour, &causes_.work, &causes_.steady_work,
                                                  &causes_.parents};
    for (size_t kind = 0; kind < kKinds; ++kind) {
      Decide(options_, tests_[kind]);
      const Discoveries& discoveries = tests_[kind].discoveries;
      *tested[kind] = {tests_[kind].made, discoveries.compared, discoveries.found};
    }
    AddEdges();
    if (options_.method == Method::kPermutation) {
      causes_.repeats = NeededRepeats(comparisons, tests_, options_);
    }
    return std::move(causes_);
  }

 private:
  void Add(const Comparison& comparison, Kind kind, const std::vector<Hypothesis>& hypotheses) {
    AddTests(comparison, causes_.experiments.size() - 1, hypotheses, options_, tests_[kind]);
  }

  void AddExperiment(const Comparison& comparison) {
    Experiment experiment;
    experiment.workload = comparison.workload;
    experiment.fault = comparison.fault;
    double bad = 0, plain_bad = 0, units = 0, plain_units = 0;
    for (const RunObservation* run : comparison.injected) {
      experiment.injected_runs.push_back(run->run);
      bad += run->end != End::kOk;
      units += static_cast<double>(run->units);
    }
    for (const RunObservation* run : comparison.plain) {
      experiment.plain_runs.push_back(run->run);
      plain_bad += run->end != End::kOk;
      plain_units += static_cast<double>(run->units);
    }
    const double injected = comparison.injected.size(), plain = comparison.plain.size();
    experiment.bad_ends = std::max(0.0, bad / injected - plain_bad / plain);
    if (plain_units > 0) experiment.lost_work = std::max(0.0, 1 - units / injected / (plain_units / plain));
    experiment.own = OwnBehaviour(comparison, options_);
    causes_.experiments.push_back(std::move(experiment));
    AddNesting(comparison);
  }

  void AddNesting(const Comparison& comparison) {
    const size_t index = causes_.experiments.size() - 1;
    for (const Row& row : comparison.rows) {
      const bool reached = std::any_of(row.injected.begin(), row.injected.end(),
                                       [](const SiteObservation* o) { return o != nullptr && o->hits > 0; });
      if (!reached) continue;
      nesting_.call_sites[{index, row.key.place}].insert(row.key.call_site);
      if (const SiteId parent = ParentOf(row); parent != 0) {
        nesting_.children[{index, {row.key.place.role, parent}}].insert(row.key.place);
      }
    }
  }

  double Q(Kind kind, const Candidate& candidate) const { return tests_[kind].discoveries.q[candidate.test]; }

  Edge& EdgeOf(size_t experiment, Effect effect, const Place& to, const Place& via = {}) {
    const auto [it, fresh] = edges_.try_emplace({experiment, effect, to, via});
    if (fresh)
      it->second = {.experiment = experiment, .effect = effect, .to = to, .via = via, .evidence = {}};
    return it->second;
  }

  void AddEdges() {
    for (const Candidate& candidate : tests_[kBehaviour].candidates) AddBehaviour(candidate);
    for (Kind kind : {kWork, kSteadyWork}) {
      for (const Candidate& candidate : tests_[kind].candidates) AddWork(candidate, Q(kind, candidate));
    }
    // Of one edge, some call sites may be steady and others not.
    for (auto& [key, edge] : edges_) {
      std::sort(edge.evidence.begin(), edge.evidence.end(),
                [](const Evidence& a, const Evidence& b) { return a.call_site < b.call_site; });
    }
    for (const Candidate& candidate : tests_[kParents].candidates) AddParents(candidate);
    for (auto& [key, edge] : edges_) causes_.edges.push_back(std::move(edge));
  }

  void AddBehaviour(const Candidate& candidate) {
    const double q = Q(kBehaviour, candidate);
    if (q > Rate(options_)) return;
    Edge& edge = EdgeOf(candidate.experiment, Effect::kNewBehaviour, candidate.key.place);
    // Candidates come in the order of their keys and signatures.
    if (edge.evidence.empty() || edge.evidence.back().call_site != candidate.key.call_site) {
      edge.evidence.push_back({.call_site = candidate.key.call_site,
                               .fresh = {},
                               .plain_mean = candidate.hypothesis.plain_mean,
                               .injected_mean = candidate.hypothesis.injected_mean});
    }
    Evidence& evidence = edge.evidence.back();
    evidence.fresh.push_back(candidate.hypothesis.signature);
    evidence.q = std::min(evidence.q, q);
    edge.confidence = std::max(edge.confidence, 1 - q);
  }

  void AddWork(const Candidate& candidate, double q) {
    if (q > Rate(options_)) return;
    Edge& edge = EdgeOf(candidate.experiment, Effect::kMoreWork, candidate.key.place);
    const Hypothesis& hypothesis = candidate.hypothesis;
    edge.evidence.push_back(
        {candidate.key.call_site, {}, hypothesis.plain_mean, hypothesis.injected_mean, q});
    if (1 - q <= edge.confidence) return;
    edge.confidence = 1 - q;
    edge.ratio = hypothesis.plain_mean > 0 ? hypothesis.injected_mean / hypothesis.plain_mean : 0;
  }

  // A parent is slowed by a child that does more work in the same runs.
  void AddParents(const Candidate& candidate) {
    const double q = Q(kParents, candidate);
    if (q > Rate(options_)) return;
    const Place& child = candidate.key.place;
    const auto work = edges_.find({candidate.experiment, Effect::kMoreWork, child, {}});
    if (work == edges_.end()) return;
    const Place parent{child.role, candidate.parent};
    const double confidence = std::min(1 - q, work->second.confidence);
    AddSlowed(candidate, Effect::kSlowedParent, parent, confidence);
    for (const Place& sibling : nesting_.children[{candidate.experiment, parent}]) {
      if (sibling != child) AddSlowed(candidate, Effect::kSlowedSibling, sibling, confidence);
    }
  }

  void AddSlowed(const Candidate& candidate, Effect effect, const Place& to, double confidence) {
    if (IsOwnPlace(causes_.experiments[candidate.experiment].fault, to)) return;
    Edge& edge = EdgeOf(candidate.experiment, effect, to, candidate.key.place);
    if (confidence <= edge.confidence) return;
    const Hypothesis& hypothesis = candidate.hypothesis;
    edge.confidence = confidence;
    edge.ratio = hypothesis.plain_mean > 0 ? hypothesis.injected_mean / hypothesis.plain_mean : 0;
    edge.evidence.clear();
    for (CallSiteId call_site : nesting_.call_sites[{candidate.experiment, to}]) {
      edge.evidence.push_back(
          {call_site, {}, hypothesis.plain_mean, hypothesis.injected_mean, 1 - confidence});
    }
  }

  const FcaOptions& options_;
  Causes causes_;
  AllTests tests_;
  Nesting nesting_;
  std::map<std::tuple<size_t, Effect, Place, Place>, Edge> edges_;
};

}  // namespace

Causes AnalyzeCauses(const Observations& observations, const FcaOptions& options) {
  return Analysis(options).Run(observations);
}

}  // namespace rankle::stitch
