#include "analyzer/stitch/fca/new_behaviour.h"

#include <algorithm>
#include <map>

#include "analyzer/stitch/fca/presence.h"

namespace rankle::stitch {
namespace {

struct Counts {
  size_t plain = 0, injected = 0;  // runs that showed the signature
};

std::map<Signature, Counts> CountSignatures(const Row& row) {
  std::map<Signature, Counts> counts;
  for (const SiteObservation* observation : row.injected) {
    if (observation == nullptr) continue;
    for (Signature signature : observation->signatures) ++counts[signature].injected;
  }
  for (const SiteObservation* observation : row.plain) {
    if (observation == nullptr) continue;
    for (Signature signature : observation->signatures) {
      if (const auto it = counts.find(signature); it != counts.end()) ++it->second.plain;
    }
  }
  return counts;
}

// As published: in every injected run and in no plain one.
PValue Published(const Counts& counts, size_t injected) {
  return {counts.plain == 0 && counts.injected == injected ? 0.0 : 1.0, 0.0};
}

PValue Tested(const Counts& counts, size_t plain, size_t injected, const FcaOptions& options) {
  PValue value = Presence(counts.plain, plain, counts.injected, injected);
  const double share = static_cast<double>(counts.injected) / injected;
  const double gain = share - static_cast<double>(counts.plain) / plain;
  if (share < options.usual_share || gain < options.least_gain) value.p = 1;
  return value;
}

}  // namespace

std::vector<Hypothesis> TestBehaviour(const Comparison& comparison, const FcaOptions& options) {
  const size_t plain = comparison.plain.size(), injected = comparison.injected.size();
  std::vector<Hypothesis> hypotheses;
  for (size_t row = 0; row < comparison.rows.size(); ++row) {
    if (IsOwnPlace(comparison.fault, comparison.rows[row].key.place)) continue;
    for (const auto& [signature, counts] : CountSignatures(comparison.rows[row])) {
      hypotheses.push_back({.row = row,
                            .value = options.method == Method::kWelch
                                         ? Published(counts, injected)
                                         : Tested(counts, plain, injected, options),
                            .signature = signature,
                            .plain_mean = static_cast<double>(counts.plain) / plain,
                            .injected_mean = static_cast<double>(counts.injected) / injected});
    }
  }
  return hypotheses;
}

std::vector<Experiment::Own> OwnBehaviour(const Comparison& comparison, const FcaOptions& options) {
  const double plain = comparison.plain.size(), injected = comparison.injected.size();
  std::vector<Experiment::Own> own;
  for (const Row& row : comparison.rows) {
    if (!IsOwnPlace(comparison.fault, row.key.place)) continue;
    const bool reached = std::any_of(row.injected.begin(), row.injected.end(),
                                     [](const SiteObservation* o) { return o != nullptr && o->hits > 0; });
    if (!reached) continue;
    own.push_back({.key = row.key, .signatures = {}});
    for (const auto& [signature, counts] : CountSignatures(row)) {
      const bool usual = counts.injected >= options.usual_share * injected;
      if (usual && counts.plain < options.usual_share * plain) own.back().signatures.push_back(signature);
    }
  }
  return own;
}

}  // namespace rankle::stitch
