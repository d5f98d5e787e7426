// FindLingeringRanks: the job has done its work, some ranks are gone, and the rest does nothing and does not
// end.
#include <algorithm>

#include "analyzer/localize/describe.h"
#include "analyzer/localize/wait_graph.h"

namespace rankle::localize {
namespace {

using store::ProcessState;
using store::Store;

std::vector<int64_t> LastActivity(const Store& store) {
  std::vector<int64_t> last(store.ranks.size(), 0);
  const auto note = [&](int32_t rank, int64_t time) {
    if (rank >= 0) last[rank] = std::max(last[rank], time);
  };
  for (size_t i = 0; i < store.operations.size(); ++i) {
    note(store.operations.rank[i], std::max(store.operations.entered[i], store.operations.finished[i]));
  }
  for (size_t i = 0; i < store.calls.size(); ++i) {
    note(store.calls.rank[i], std::max(store.calls.entered[i], store.calls.returned[i]));
  }
  for (size_t i = 0; i < store.events.size(); ++i) note(store.events.rank[i], store.events.time[i]);
  return last;
}

}  // namespace

std::vector<Stall> FindLingeringRanks(const Store& store, const HangSettings& settings) {
  const std::vector<int64_t> activity = LastActivity(store);
  Stall stall;
  stall.kind = StallKind::kExit;
  stall.wait.kind = WaitKind::kTeardown;
  stall.wait.threshold_ns = settings.min_wait_ns;
  for (int32_t rank = 0; rank < static_cast<int32_t>(store.ranks.size()); ++rank) {
    const store::Process* p = store.ProcessOf(rank);
    if (p == nullptr || p->state == ProcessState::kFailed)
      return {};  // a failure explains more than this could
    if (p->state == ProcessState::kEnded) {
      stall.victims.push_back(rank);
      stall.wait.last_arrival = std::max(stall.wait.last_arrival, p->ended);
    } else {
      stall.culprits.push_back(rank);
    }
  }
  if (stall.victims.empty() || stall.culprits.empty()) return {};
  int64_t quiet_since = stall.wait.last_arrival;
  for (int32_t rank : stall.culprits) quiet_since = std::max(quiet_since, activity[rank]);
  stall.wait.waited_ns = store.observed_until - quiet_since;
  if (!stall.wait.IsStalled()) return {};
  for (size_t i = 0; i < stall.culprits.size() && i < 4; ++i) {
    stall.evidence.push_back(DescribeRank(store, stall.culprits[i]));
  }
  return {stall};
}

}  // namespace rankle::localize
