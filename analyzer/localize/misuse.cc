#include "analyzer/localize/misuse.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::Misuse;
using store::MisuseKind;

// Times of devices are related to the host's clock every 10 s: between, a clock that is off by 50 ppm (more
// than those of devices differ) drifts by half of this.
constexpr int64_t kClockSlackNs = 1'000'000;
// Operations of one rank and communicator that are looked at, from the last one back: as many as may queue up
// before somebody waits. Of more in flight only as many are counted.
constexpr size_t kLastOperations = 256;

// Ranks that asked a communicator to finish, or to give up, what is under way: then a destroy cuts off
// nothing.
std::set<std::pair<int32_t, int32_t>> PutToRest(const store::Store& store) {
  static const uint16_t kFinalize = api::FindApi("ncclCommFinalize")->id,
                        kRevoke = api::FindApi("ncclCommRevoke")->id;
  std::set<std::pair<int32_t, int32_t>> asked;
  const store::Calls& calls = store.calls;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls.api[i] == kFinalize || calls.api[i] == kRevoke)
      asked.emplace(calls.communicator[i], calls.rank[i]);
  }
  return asked;
}

// Counts the operations that ended after the communicator's destroy had been called, and keeps the first.
void AddInFlight(const store::Store& store, const std::vector<uint32_t>& operations, int64_t destroyed,
                 Misuse& found) {
  const store::Operations& o = store.operations;
  const size_t from = operations.size() - std::min(operations.size(), kLastOperations);
  for (size_t i = operations.size(); i > from; --i) {
    const uint32_t op = operations[i - 1];
    if (o.state[op] != store::OpState::kDone || o.finished[op] <= destroyed + kClockSlackNs) continue;
    ++found.count;
    found.seq = o.seq[op], found.operation = o.api[op];
  }
}

void AddDestroyedInFlight(const store::Store& store, std::vector<Misuse>& misuses) {
  static const uint16_t kDestroy = api::FindApi("ncclCommDestroy")->id;
  const auto put_to_rest = PutToRest(store);
  for (size_t c = 0; c < store.communicators.size(); ++c) {
    for (const store::Member& m : store.communicators[c].members) {
      const auto communicator = static_cast<int32_t>(c);
      if (m.rank < 0 || m.state != store::CommState::kDestroyed || m.teardown_entered == 0) continue;
      if (put_to_rest.contains({communicator, m.rank})) continue;
      Misuse found{.kind = MisuseKind::kDestroyedInFlight,
                   .rank = m.rank,
                   .process = store.ranks[m.rank].process,
                   .communicator = communicator,
                   .api = kDestroy,
                   .time = m.teardown_entered};
      AddInFlight(store, m.p2p, m.teardown_entered, found);
      AddInFlight(store, m.collectives, m.teardown_entered, found);
      if (found.count > 0) misuses.push_back(found);
    }
  }
}

}  // namespace

const char* MisuseName(MisuseKind kind) {
  switch (kind) {
    case MisuseKind::kGroupLeftOpen:
      return "group_left_open";
    case MisuseKind::kGroupNotStarted:
      return "group_not_started";
    case MisuseKind::kBlockedInGroup:
      return "blocked_in_group";
    case MisuseKind::kPastAllocation:
      return "past_allocation";
    case MisuseKind::kCommGone:
      return "comm_gone";
    case MisuseKind::kCommNotReady:
      return "comm_not_ready";
    case MisuseKind::kDestroyedInFlight:
      return "destroyed_in_flight";
  }
  return "";
}

std::vector<Misuse> FindMisuses(const store::Store& store) {
  std::vector<Misuse> misuses;
  for (const Misuse& m : store.misuses) {
    if (m.kind < MisuseKind::kDestroyedInFlight && *MisuseName(m.kind) != '\0') misuses.push_back(m);
  }
  AddDestroyedInFlight(store, misuses);
  std::stable_sort(misuses.begin(), misuses.end(), [](const Misuse& a, const Misuse& b) {
    return std::tie(a.rank, a.time) < std::tie(b.rank, b.time);
  });
  return misuses;
}

}  // namespace rankle::localize
