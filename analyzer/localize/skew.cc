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
  std::vector<uint32_t> all;  // collectives of a communicator, those of one number side by side
  for (size_t c = 0; c < store.communicators.size(); ++c) {
    all.clear();
    for (const store::Member& m : store.communicators[c].members)
      all.insert(all.end(), m.collectives.begin(), m.collectives.end());
    std::stable_sort(all.begin(), all.end(), [&](uint32_t a, uint32_t b) { return o.seq[a] < o.seq[b]; });
    for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      Skew skew;
      skew.communicator = static_cast<int32_t>(c), skew.seq = o.seq[all[begin]], skew.api = o.api[all[begin]];
      for (end = begin; end < all.size() && o.seq[all[end]] == skew.seq; ++end) Take(o, all[end], skew);
      if (skew.ranks >= 2) skews.push_back(skew);
    }
  }
  std::stable_sort(skews.begin(), skews.end(),
                   [](const Skew& a, const Skew& b) { return a.first < b.first; });
  return skews;
}

}  // namespace rankle::localize
