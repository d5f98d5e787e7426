// Campaigns for tests, said in a few words.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch::testing {

struct Campaign {
  Observations observations;

  // `runs` equal runs; `row` may be changed by run before it is kept.
  template <typename Change>
  Campaign& Runs(size_t runs, const RunObservation& model, Change change) {
    for (size_t i = 0; i < runs; ++i) {
      RunObservation run = model;
      run.run = absl::StrCat("r", observations.runs.size());
      if (run.fault) run.fired = 1;
      change(run, i);
      Normalize(run);
      observations.runs.push_back(run);
    }
    return *this;
  }
  Campaign& Runs(size_t runs, const RunObservation& model) {
    return Runs(runs, model, [](RunObservation&, size_t) {});
  }
};

inline SiteObservation At(SiteId site, uint64_t hits, std::vector<Signature> signatures = {},
                          CallSiteId call_site = 0) {
  SiteObservation row;
  row.site = site;
  row.hits = hits;
  row.signatures = std::move(signatures);
  row.call_site = call_site;
  return row;
}

inline RunObservation Profile(std::vector<SiteObservation> rows, uint64_t units = 10) {
  RunObservation run;
  run.workload = "w";
  run.units = units;
  run.rows = std::move(rows);
  return run;
}

inline RunObservation Injected(Fault fault, std::vector<SiteObservation> rows, uint64_t units = 10) {
  RunObservation run = Profile(std::move(rows), units);
  run.fault = std::move(fault);
  return run;
}

inline Fault Error(SiteId site, SiteId context = 0) { return {site, FaultKind::kError, 111, context, ""}; }
inline Fault Delay(SiteId site, int64_t ns = 100'000'000) { return {site, FaultKind::kDelay, ns, 0, ""}; }

}  // namespace rankle::stitch::testing
