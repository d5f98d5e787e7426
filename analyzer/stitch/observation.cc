#include "analyzer/stitch/observation.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rankle::stitch {
namespace {

auto Key(const SiteObservation& row) { return std::tie(row.role, row.site, row.call_site); }

void Tidy(SiteObservation& row) {
  std::sort(row.signatures.begin(), row.signatures.end());
  row.signatures.erase(std::unique(row.signatures.begin(), row.signatures.end()), row.signatures.end());
  std::map<uint64_t, uint64_t> bins;
  for (const ParentBin& bin : row.per_parent) bins[bin.iterations] += bin.parents;
  row.per_parent.clear();
  for (const auto& [iterations, parents] : bins) {
    if (parents > 0) row.per_parent.push_back({iterations, parents});
  }
}

void Join(SiteObservation& into, SiteObservation& other) {
  into.hits += other.hits;
  into.signatures.insert(into.signatures.end(), other.signatures.begin(), other.signatures.end());
  // Rows of one key with two parents: the histogram of neither would be that of the other, so the first
  // stays.
  if (into.parent == 0) into.parent = other.parent;
  if (into.parent == other.parent) {
    into.per_parent.insert(into.per_parent.end(), other.per_parent.begin(), other.per_parent.end());
  }
}

}  // namespace

void Normalize(RunObservation& run) {
  std::stable_sort(run.rows.begin(), run.rows.end(),
                   [](const SiteObservation& a, const SiteObservation& b) { return Key(a) < Key(b); });
  std::vector<SiteObservation> rows;
  for (SiteObservation& row : run.rows) {
    if (!rows.empty() && Key(rows.back()) == Key(row)) {
      Join(rows.back(), row);
    } else {
      rows.push_back(std::move(row));
    }
  }
  for (SiteObservation& row : rows) Tidy(row);
  run.rows = std::move(rows);
}

}  // namespace rankle::stitch
