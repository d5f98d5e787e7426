#include "analyzer/stitch/fca/slowed_parents.h"

#include "analyzer/stitch/fca/distance.h"

namespace rankle::stitch {
namespace {

std::vector<std::vector<ParentBin>> Histograms(const std::vector<const SiteObservation*>& observations,
                                               SiteId parent) {
  std::vector<std::vector<ParentBin>> histograms;
  for (const SiteObservation* observation : observations) {
    if (observation != nullptr && observation->parent == parent)
      histograms.push_back(observation->per_parent);
  }
  return histograms;
}

}  // namespace

std::vector<Hypothesis> TestParents(const Comparison& comparison, const FcaOptions& options) {
  std::vector<Hypothesis> hypotheses;
  for (size_t i = 0; i < comparison.rows.size(); ++i) {
    const Row& row = comparison.rows[i];
    const SiteId parent = ParentOf(row);
    if (parent == 0 || IsOwnPlace(comparison.fault, row.key.place)) continue;
    // Another row, another sequence of draws, the same one whenever it is analyzed again.
    const uint64_t seed = options.seed ^ (row.key.place.site * 0x9e3779b97f4a7c15u + row.key.call_site);
    const HistogramShift shift = CompareHistograms(
        Histograms(row.plain, parent), Histograms(row.injected, parent), options.least_distance, seed);
    Hypothesis hypothesis{
        .row = i, .value = shift.p, .plain_mean = shift.plain_mean, .injected_mean = shift.injected_mean};
    if (options.method == Method::kWelch) {
      const bool shifted = shift.distance >= options.least_distance && shift.injected_mean > shift.plain_mean;
      hypothesis.value = {shifted ? 0.0 : 1.0, 0};
    }
    hypotheses.push_back(hypothesis);
  }
  return hypotheses;
}

}  // namespace rankle::stitch
