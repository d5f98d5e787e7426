#include "analyzer/localize/skew.h"

#include <algorithm>

namespace rankle::localize {
namespace {

void Take(const store::Operations& o, uint32_t op, Skew& skew) {
  const int64_t arrival = o.started[op] != 0 ? o.started[op] : o.entered[op];
  if (arrival == 0) return;
  if (skew.ranks++ == 0 || arrival < skew.first) skew.first = arrival, skew.first_rank = o.rank[op];
  if (skew.ranks == 1 || arrival > skew.last) skew.last = arrival, skew.last_rank = o.rank[op];
  if (const int64_t end = o.finished[op]; end != 0) {
    skew.first_end = skew.first_end == 0 ? end : std::min(skew.first_end, end);
    skew.last_end = std::max(skew.last_end, end);
  }
}

}  // namespace

std::vector<Skew> FindSkews(const store::Store& store) {
  const store::Operations& o = store.operations;
  std::vector<Skew> skews;
  for (size_t c = 0; c < store.communicators.size(); ++c) {
    const auto& members = store.communicators[c].members;
    // All members' lists at once, by number: the records of some may begin later.
    std::vector<size_t> next(members.size(), 0);
    while (true) {
      uint32_t seq = UINT32_MAX;
      bool any = false;
      for (size_t m = 0; m < members.size(); ++m) {
        if (next[m] < members[m].collectives.size())
          any = true, seq = std::min(seq, o.seq[members[m].collectives[next[m]]]);
      }
      if (!any) break;
      Skew skew;
      skew.communicator = static_cast<int32_t>(c), skew.seq = seq;
      for (size_t m = 0; m < members.size(); ++m) {
        const auto& collectives = members[m].collectives;
        if (next[m] >= collectives.size() || o.seq[collectives[next[m]]] != seq) continue;
        const uint32_t op = collectives[next[m]++];
        skew.api = o.api[op];
        Take(o, op, skew);
      }
      if (skew.ranks >= 2) skews.push_back(skew);
    }
  }
  std::stable_sort(skews.begin(), skews.end(),
                   [](const Skew& a, const Skew& b) { return a.first < b.first; });
  return skews;
}

}  // namespace rankle::localize
