#include "analyzer/stitch/allocate/allocate.h"

#include "analyzer/stitch/allocate/directed.h"
#include "analyzer/stitch/allocate/random.h"
#include "analyzer/stitch/allocate/three_phase.h"

namespace rankle::stitch {
namespace {

std::vector<Choice> AnyExperiments(const std::vector<Injection>& injections, Random random) {
  std::vector<Choice> choices;
  for (const Injection& injection : injections) {
    for (const std::string& workload : injection.workloads) {
      for (const Fault& fault : injection.faults) choices.push_back({workload, fault});
    }
  }
  random.Shuffle(choices);
  return choices;
}

}  // namespace

std::vector<Choice> NextExperiments(const Known& known, const std::vector<Fault>& faults, size_t round,
                                    size_t budget, const AllocationOptions& options) {
  const std::vector<Injection> injections = FindInjections(known.runs, faults);
  // Another round, another sequence of draws.
  const uint64_t seed = options.seed + 0x9e3779b97f4a7c15u * round;
  std::vector<Choice> wanted;
  switch (options.strategy) {
    case Strategy::kDirected:
      wanted = DirectedExperiments(known, injections);
      break;
    case Strategy::kThreePhase:
      wanted = ThreePhaseExperiments(known, injections, round, seed, options);
      break;
    case Strategy::kRandom:
      wanted = AnyExperiments(injections, Random(seed));
      break;
  }
  std::set<Choice> taken = known.made;
  std::vector<Choice> choices;
  for (Choice& choice : wanted) {
    if (choices.size() == budget) break;
    if (taken.insert(choice).second) choices.push_back(std::move(choice));
  }
  return choices;
}

}  // namespace rankle::stitch
