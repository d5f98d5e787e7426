// Everything that the localizers found about one job, and its form as SQL tables (docs/schema.md) for the
// rules.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "analyzer/localize/arrival.h"
#include "analyzer/localize/connections.h"
#include "analyzer/localize/consistency.h"
#include "analyzer/localize/failure.h"
#include "analyzer/localize/last_arrival.h"
#include "analyzer/localize/memory.h"
#include "analyzer/localize/misuse.h"
#include "analyzer/localize/pace.h"
#include "analyzer/localize/progress.h"
#include "analyzer/localize/signature.h"
#include "analyzer/localize/transfer.h"
#include "analyzer/localize/wait_graph.h"
#include "analyzer/store/sql.h"
#include "analyzer/store/store.h"

namespace rankle::facts {

struct Facts {
  std::vector<localize::Wait> waits;
  std::vector<localize::Stall> stalls;
  std::vector<localize::Disagreement> disagreements;
  std::vector<localize::Failure> failures;
  std::vector<localize::Lateness> lateness;
  std::vector<localize::Inconsistency> inconsistencies;
  std::vector<store::Misuse> misuses;
  std::vector<localize::PaceChange> pace_changes;
  std::vector<localize::MemoryUse> memory_use;
  std::vector<localize::SlowTransfer> slow_transfers;
  std::vector<localize::SlowConnection> slow_connections;
  std::vector<localize::LastArrival> last_arrivals;  // where only durations are known
};

Facts FindFacts(const store::Store& store, const localize::HangSettings& settings);
absl::Status AddFactTables(const store::Store& store, const Facts& facts, store::Database& database);

}  // namespace rankle::facts
