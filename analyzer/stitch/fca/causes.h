// Fault causality analysis: which faults caused what, from single-fault runs. Values in, values out; the same
// observations give the same result. Method, and what differs from the published one: docs/causality.md.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyzer/stitch/fca/comparison.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

enum class Effect : uint8_t {
  kNewBehaviour,  // E: signatures that are new
  kMoreWork,      // S+: more calls or iterations
  kSlowedParent,  // S+ and its parent loop: an iteration of the parent holds more of the child's
  kSlowedSibling  // S+, its parent loop, and another loop that the parent runs, which starts later
};

// What one call site adds to an edge.
struct Evidence {
  CallSiteId call_site = 0;
  std::vector<Signature> fresh;              // kNewBehaviour: ascending
  double plain_mean = 0, injected_mean = 0;  // counts for the same work; of a parent: iterations within one
  double q = 1;  // least false-discovery rate; 0 where the test is the published one
};

// What one fault did in one workload, apart from its effects elsewhere.
struct Experiment {
  std::string workload;
  Fault fault;
  std::vector<std::string> plain_runs, injected_runs;
  double bad_ends = 0;   // share of the injected runs that failed or timed out, less that of the plain ones
  double lost_work = 0;  // share of the plain runs' units that injected runs did not do, 0 to 1
  // The fault's own places: how they behaved once it was injected. Signatures that (nearly) all injected runs
  // showed and (nearly) all plain runs did not; none for call sites that were just reached.
  struct Own {
    Key key;
    std::vector<Signature> signatures;  // ascending
  };
  std::vector<Own> own;
};

struct Edge {
  size_t experiment = 0;  // index into Causes::experiments
  Effect effect = Effect::kNewBehaviour;
  Place to;
  Place via;                       // kSlowed*: the loop that does more work
  std::vector<Evidence> evidence;  // by call site, ascending; of kSlowed*: where `to` was reached
  double confidence = 0;           // 1 - q of the best evidence; of kSlowed*: of its weakest part
  double ratio = 0;                // injected over plain mean of the best evidence; 0 = no plain mean, or E
};

// More runs that would tell what the present ones leave open.
struct Repeats {
  std::string workload;
  std::optional<Fault> fault;  // none = profile runs
  size_t have = 0, want = 0;   // runs
  size_t undecided = 0;        // comparisons that they would help
};

struct Causes {
  std::vector<Experiment> experiments;
  std::vector<Edge> edges;  // by experiment, effect, place
  std::vector<Repeats> repeats;
  std::vector<std::string> notes;  // what could not be analyzed, and why
  // Comparisons by kind of test: made, of these could have been told, found.
  struct Tested {
    size_t made = 0, compared = 0, found = 0;
  };
  Tested behaviour, work, steady_work, parents;
};

enum class Method : uint8_t {
  kPermutation,  // exact tests with control of false discoveries
  kWelch         // as published: no correction, p < 0.1, Welch's t-test for counts
};

struct Look {
  size_t injected_runs = 3;
  double share = 1;
};

struct FcaOptions {
  Method method = Method::kPermutation;
  // Sites that can be part of a chain, because faults are injected there; empty = all. Others are not
  // compared, except within these as parent loops: fewer comparisons, so that those that matter need fewer
  // repeats.
  std::set<SiteId> watched = {};
  double rate = 0.05;  // of false discoveries, for each kind of test
  // When one looks, by injected runs; the last is the cap. Looking again is a second chance to be wrong, so
  // each look may use only its share of `rate` (shares add up to 1). Most of it belongs to the last one: what
  // the first ones are for, constant counts and large effects, passes with little.
  std::vector<Look> looks = {{3, 0.1}, {8, 0.2}, {25, 0.7}};
  // Profile runs serve every fault of their workload, so they are the cheapest power there is: a comparison
  // of 3 with 20 can reach p = 1/1,771, one of 3 with 3 no less than 1/20. So many at most, asked for in
  // doubling steps from `first_plain_runs` on, as long as comparisons of the workload are undecided.
  size_t plain_runs = 60, first_plain_runs = 20;
  // A consequence comes (nearly) every time: a chain of five edges of 0.8 still holds one time in three. And
  // plain runs show it at least half as seldom as that, else the fault is not what it takes.
  double usual_share = 0.8, least_gain = 0.4;
  double least_ratio = 1.02;     // of counts: less is not load that feeds anything
  double least_distance = 0.05;  // of histograms, total variation; the published bound
  double welch_p = 0.1;          // the published bound
  uint64_t seed = 1;             // of permutations that are drawn
};

Causes AnalyzeCauses(const Observations& observations, const FcaOptions& options = {});

}  // namespace rankle::stitch
