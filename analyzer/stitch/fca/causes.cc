#include "analyzer/stitch/fca/causes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "analyzer/stitch/fca/false_discovery.h"
#include "analyzer/stitch/fca/more_work.h"
#include "analyzer/stitch/fca/new_behaviour.h"
#include "analyzer/stitch/fca/slowed_parents.h"
#include "analyzer/stitch/fca/undecided.h"

namespace rankle::stitch {
namespace {

// Kinds of test; false discoveries are controlled within each.
enum Kind : size_t { kBehaviour, kWork, kSteadyWork, kParents, kKinds };

// A hypothesis that may become a discovery, with what its edge needs once the rows are gone.
struct Candidate {
  size_t experiment;
  Key key;
  SiteId parent;
  Hypothesis hypothesis;
  size_t test;  // index into Tests::values
};

struct Tests {
  size_t made = 0;
  std::vector<PValue> values;         // of those that more runs could tell at least
  std::vector<size_t> experiments;    // by value
  std::vector<Candidate> candidates;  // those whose p alone could be enough
  Discoveries discoveries;
};

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
      AddTests(comparison, kBehaviour, TestBehaviour(comparison, options_));
      const WorkTests work = TestWork(comparison, options_);
      AddTests(comparison, kWork, work.varying);
      AddTests(comparison, kSteadyWork, work.steady);
      AddTests(comparison, kParents, TestParents(comparison, options_));
      comparison.rows = {};
    }
    std::array<Causes::Tested*, kKinds> tested = {&causes_.behaviour, &causes_.work, &causes_.steady_work,
                                                  &causes_.parents};
    for (size_t kind = 0; kind < kKinds; ++kind) {
      Decide(tests_[kind]);
      const Discoveries& discoveries = tests_[kind].discoveries;
      *tested[kind] = {tests_[kind].made, discoveries.compared, discoveries.found};
    }
    AddEdges();
    if (options_.method == Method::kPermutation) AddRepeats(comparisons);
    return std::move(causes_);
  }

 private:
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

  void AddTests(const Comparison& comparison, Kind kind, const std::vector<Hypothesis>& hypotheses) {
    Tests& tests = tests_[kind];
    const size_t experiment = causes_.experiments.size() - 1;
    const double price = options_.method == Method::kWelch ? 1.0 : Price(comparison.injected.size());
    const double rate = Rate();
    tests.made += hypotheses.size();
    for (const Hypothesis& hypothesis : hypotheses) {
      const PValue value{std::min(1.0, hypothesis.value.p * price),
                         std::min(1.0, hypothesis.value.least * price)};
      if (hypothesis.value.least >= 1) continue;
      if (value.p <= rate) {
        const Row& row = comparison.rows[hypothesis.row];
        tests.candidates.push_back({experiment, row.key, ParentOf(row), hypothesis, tests.values.size()});
      }
      tests.values.push_back(value);
      tests.experiments.push_back(experiment);
    }
  }

  // What the share of a look multiplies p-values by: that of the last look taken.
  double Price(size_t injected_runs) const {
    double share = options_.looks.front().share;
    for (const Look& look : options_.looks) {
      if (look.injected_runs <= injected_runs) share = look.share;
    }
    return 1 / share;
  }

  double Rate() const { return options_.method == Method::kWelch ? options_.welch_p : options_.rate; }

  void Decide(Tests& tests) {
    if (options_.method == Method::kPermutation) {
      tests.discoveries = ControlFalseDiscoveries(tests.values, options_.rate);
      return;
    }
    tests.discoveries.compared = tests.values.size();
    for (const PValue& value : tests.values) {
      // The published bound is a strict one.
      tests.discoveries.q.push_back(value.p < options_.welch_p ? value.p : 1.0);
      tests.discoveries.found += value.p < options_.welch_p;
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
    if (q > Rate()) return;
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
    if (q > Rate()) return;
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
    if (q > Rate()) return;
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

  // By experiment: comparisons that more runs would probably tell.
  std::vector<size_t> Undecided(const std::vector<Comparison>& comparisons) const {
    std::vector<size_t> undecided(comparisons.size(), 0);
    const Look& last = options_.looks.back();
    for (const Tests& tests : tests_) {
      if (tests.values.empty()) continue;
      // With more runs all of them will count, also those that so few runs could not have told.
      const double needed = options_.rate * (tests.discoveries.found + 1) / tests.values.size();
      for (size_t i = 0; i < tests.values.size(); ++i) {
        const Comparison& comparison = comparisons[tests.experiments[i]];
        const Sizes now{comparison.plain.size(), comparison.injected.size()};
        const Sizes then{std::max(now.plain, options_.plain_runs),
                         std::max(now.injected, last.injected_runs)};
        if (tests.discoveries.q[i] > options_.rate &&
            IsUndecided(tests.values[i].p / Price(now.injected), std::min(1.0, needed * last.share), now,
                        then)) {
          ++undecided[tests.experiments[i]];
        }
      }
    }
    return undecided;
  }

  void AddRepeats(const std::vector<Comparison>& comparisons) {
    const std::vector<size_t> undecided = Undecided(comparisons);
    std::map<std::string, Repeats> profiles;
    for (size_t i = 0; i < comparisons.size(); ++i) {
      const Comparison& comparison = comparisons[i];
      const size_t have = comparison.injected.size();
      const auto next = std::find_if(options_.looks.begin(), options_.looks.end(),
                                     [&](const Look& look) { return look.injected_runs > have; });
      const bool first = have < options_.looks.front().injected_runs;
      if (next != options_.looks.end() && (first || undecided[i] > 0)) {
        causes_.repeats.push_back(
            {comparison.workload, comparison.fault, have, next->injected_runs, undecided[i]});
      }
      Repeats& profile = profiles[comparison.workload];
      const size_t plain = comparison.plain.size();
      const size_t want = std::min(options_.plain_runs, std::max(options_.first_plain_runs, 2 * plain));
      profile = {comparison.workload, {}, plain, want, profile.undecided + undecided[i]};
    }
    for (const auto& [workload, profile] : profiles) {
      if (profile.have < profile.want && profile.undecided > 0) causes_.repeats.push_back(profile);
    }
  }

  const FcaOptions& options_;
  Causes causes_;
  std::array<Tests, kKinds> tests_;
  Nesting nesting_;
  std::map<std::tuple<size_t, Effect, Place, Place>, Edge> edges_;
};

}  // namespace

Causes AnalyzeCauses(const Observations& observations, const FcaOptions& options) {
  return Analysis(options).Run(observations);
}

}  // namespace rankle::stitch
