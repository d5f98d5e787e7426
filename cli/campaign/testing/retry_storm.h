// A cycle for tests, a retry storm: a late answer (kAwait) is asked for again, which is more work at kServe,
// which makes answers late.
#pragma once

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/observation.h"

namespace rankle::cli::testing {

inline constexpr stitch::SiteId kAwait = 0xa1, kServe = 0xa2;
inline constexpr stitch::Signature kOk = 0xf0, kTimedOut = 0xf1;

inline stitch::Cycle RetryStorm() {
  stitch::CycleEdge retry;
  retry.experiment.fault = {kAwait, stitch::FaultKind::kError, 11, 0, ""};
  retry.edge.effect = stitch::Effect::kMoreWork;
  retry.edge.to = {"server", kServe};
  stitch::CycleEdge late;
  late.experiment.fault = {kServe, stitch::FaultKind::kDelay, 200'000'000, 0, ""};
  late.edge.effect = stitch::Effect::kNewBehaviour;
  late.edge.to = {"client", kAwait};
  late.edge.evidence = {{.call_site = 1, .fresh = {kTimedOut}}};
  stitch::Cycle cycle;
  cycle.edges = {retry, late};
  return cycle;
}

inline stitch::Names NamesOfSites() {
  stitch::Names names;
  names.sites[kAwait].name = "recv from Await";
  names.sites[kServe].name = "read from Serve";
  return names;
}

// A run of it. `served`: calls of the server; `late`: whether a wait timed out.
inline stitch::RunObservation Observed(uint64_t served, bool late, uint64_t units,
                                       stitch::End end = stitch::End::kOk) {
  stitch::RunObservation run;
  run.units = units;
  run.end = end;
  run.rows = {
      {.role = "server",
       .site = kServe,
       .call_site = 2,
       .hits = served,
       .signatures = {kOk},
       .per_parent = {}},
      {.role = "client", .site = kAwait, .call_site = 1, .hits = 10, .signatures = {kOk}, .per_parent = {}}};
  if (late) run.rows[1].signatures.push_back(kTimedOut);
  return run;
}

}  // namespace rankle::cli::testing
