#include "analyzer/stitch/search/compatible.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace rankle::stitch {
namespace {

const std::vector<Outcome>& OutcomesOf(Signature signature, const Names& names) {
  static const std::vector<Outcome> kUnknown;
  const auto it = names.signatures.find(signature);
  return it == names.signatures.end() ? kUnknown : it->second.outcomes;
}

// Is `natural` equal to `injected` but for at least one outcome more, all of them guards?
bool DiffersByGuards(const std::vector<Outcome>& natural, const std::vector<Outcome>& injected,
                     const std::vector<Outcome>& guards) {
  if (injected.empty() || natural.size() <= injected.size()) return false;
  size_t matched = 0;
  for (Outcome outcome : natural) {
    // The first match is as good as any later one: guards in between may be left out either way, and an
    // outcome that is no guard must be matched at once.
    if (matched < injected.size() && outcome == injected[matched]) {
      ++matched;
    } else if (std::find(guards.begin(), guards.end(), outcome) == guards.end()) {
      return false;
    }
  }
  return matched == injected.size();
}

void MeetAt(const Evidence& evidence, const std::vector<Signature>& own, const std::vector<Outcome>& guards,
            const Names& names, Junction& junction) {
  std::vector<Signature> shared;
  std::set_intersection(evidence.fresh.begin(), evidence.fresh.end(), own.begin(), own.end(),
                        std::back_inserter(shared));
  if (shared.empty() && !guards.empty()) {
    for (Signature natural : evidence.fresh) {
      const bool past = std::any_of(own.begin(), own.end(), [&](Signature injected) {
        return DiffersByGuards(OutcomesOf(natural, names), OutcomesOf(injected, names), guards);
      });
      if (past) shared.push_back(natural);
    }
    junction.past_guards |= !shared.empty();
  }
  if (shared.empty()) return;
  junction.call_sites.push_back(evidence.call_site);
  junction.signatures.insert(junction.signatures.end(), shared.begin(), shared.end());
}

}  // namespace

bool IsLoad(Effect effect) { return effect != Effect::kNewBehaviour; }

std::optional<Junction> Meet(const Edge& edge, const Experiment& next, const Names& names) {
  if (IsLoad(edge.effect) != IsDelay(next.fault)) return std::nullopt;
  const auto site = names.sites.find(next.fault.site);
  static const std::vector<Outcome> kNone;
  const std::vector<Outcome>& guards = site == names.sites.end() ? kNone : site->second.guards;
  Junction junction;
  for (const Evidence& evidence : edge.evidence) {
    for (const Experiment::Own& own : next.own) {
      if (own.key.place != edge.to || own.key.call_site != evidence.call_site) continue;
      if (IsLoad(edge.effect)) {
        junction.call_sites.push_back(evidence.call_site);
      } else {
        MeetAt(evidence, own.signatures, guards, names, junction);
      }
    }
  }
  if (junction.call_sites.empty()) return std::nullopt;
  std::sort(junction.signatures.begin(), junction.signatures.end());
  junction.signatures.erase(std::unique(junction.signatures.begin(), junction.signatures.end()),
                            junction.signatures.end());
  return junction;
}

}  // namespace rankle::stitch
