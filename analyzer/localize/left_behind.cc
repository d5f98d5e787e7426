#include "analyzer/localize/left_behind.h"

#include <algorithm>
#include <array>

#include "injector/api/api.h"

namespace rankle::localize {
namespace {

// Of rooted operations the root, or everybody else, may end early. An operation that only a counter knows of
// (id 0) is taken for one of the usual kinds.
bool NeedsEveryRank(uint16_t api) {
  static const std::array<uint16_t, 5> kAll = {
      0, api::FindApi("ncclAllReduce")->id, api::FindApi("ncclAllGather")->id,
      api::FindApi("ncclReduceScatter")->id, api::FindApi("ncclAlltoAll")->id};
  return std::find(kAll.begin(), kAll.end(), api) != kAll.end();
}

struct Frontier {
  int64_t first_unfinished = -1;  // operation index
  int64_t finished_up_to = 0;     // sequence number
};

Frontier FrontierOf(const store::Store& store, const Progress& progress, const store::Member& m) {
  Frontier frontier;
  frontier.finished_up_to = m.last_seq;
  for (const uint32_t op : m.collectives) {
    frontier.finished_up_to = std::max<int64_t>(frontier.finished_up_to, store.operations.seq[op]);
    if (progress.IsFinished(op) || frontier.first_unfinished >= 0) continue;
    frontier.first_unfinished = op;
  }
  if (frontier.first_unfinished >= 0) {
    frontier.finished_up_to = static_cast<int64_t>(store.operations.seq[frontier.first_unfinished]) - 1;
  }
  return frontier;
}

}  // namespace

std::vector<LeftBehind> FindLeftBehind(const store::Store& store, const Progress& progress) {
  std::vector<LeftBehind> behind(store.ranks.size());
  if (store.streams_known) return behind;
  std::vector<Frontier> frontiers;
  for (int32_t c = 0; c < static_cast<int32_t>(store.communicators.size()); ++c) {
    const auto& members = store.communicators[c].members;
    frontiers.clear();
    int64_t furthest = 0;
    for (const store::Member& m : members) {
      frontiers.push_back(m.rank == store::kNone ? Frontier{} : FrontierOf(store, progress, m));
      furthest = std::max(furthest, frontiers.back().finished_up_to);
    }
    for (size_t i = 0; i < members.size(); ++i) {
      const int64_t op = frontiers[i].first_unfinished;
      if (op < 0 || furthest < store.operations.seq[op] || !NeedsEveryRank(store.operations.api[op]))
        continue;
      LeftBehind& b = behind[members[i].rank];
      ++b.groups;
      if (b.communicator >= 0 && store.communicators[b.communicator].members.size() >= members.size())
        continue;
      b.operation = static_cast<uint32_t>(op), b.communicator = c;
      b.ahead.clear();
      for (size_t k = 0; k < members.size(); ++k) {
        if (frontiers[k].finished_up_to >= store.operations.seq[op]) b.ahead.push_back(members[k].rank);
      }
    }
  }
  return behind;
}

}  // namespace rankle::localize
