#include "analyzer/localize/last_arrival.h"

#include <algorithm>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/median.h"
#include "analyzer/localize/synchronizing.h"

namespace rankle::localize {
namespace {

struct Inside {
  int32_t rank = store::kNone;
  int64_t duration = 0, end = 0;
};

// The lower median of the others: `sorted` without the entry at `place`.
int64_t MedianWithout(const std::vector<Inside>& sorted, size_t place) {
  const size_t middle = (sorted.size() - 2) / 2;
  return sorted[middle < place ? middle : middle + 1].duration;
}

// Chernoff's bound on `late` or more of `all` tosses of a coin.
double Surprise(int late, int all) {
  const double q = static_cast<double>(late) / all;
  if (q <= 0.5) return 0;
  const double divergence = q * std::log(2 * q) + (q < 1 ? (1 - q) * std::log(2 * (1 - q)) : 0);
  return all * divergence / std::log(10.0);
}

class LastArrivals {
 public:
  explicit LastArrivals(const store::Store& store) : store_(store), ranks_(store.ranks.size()) {}

  std::vector<LastArrival> Find() {
    for (const store::Communicator& c : store_.communicators) Judge(c);
    std::vector<LastArrival> found;
    for (size_t r = 0; r < ranks_.size(); ++r) {
      LastArrival& a = ranks_[r].sum;
      if (a.collectives == 0) continue;
      a.rank = static_cast<int32_t>(r);
      a.late_ns = Median(std::move(ranks_[r].lateness)),
      a.shortest_ns = Median(std::move(ranks_[r].shortest));
      a.surprise = Surprise(a.late, a.collectives);
      found.push_back(a);
    }
    return found;
  }

 private:
  struct Rank {
    LastArrival sum;
    std::vector<int64_t> lateness, shortest;  // by collective
  };

  void Judge(const store::Communicator& c) {
    if (c.members.size() < 2) return;
    const store::Operations& o = store_.operations;
    absl::flat_hash_map<uint32_t, std::vector<Inside>> by_sequence;
    std::vector<uint32_t> order;
    for (const store::Member& m : c.members) {
      for (const uint32_t op : m.collectives) {
        if (o.finished[op] == 0 || o.started[op] == 0 || !NeedsEveryMember(o.api[op])) continue;
        std::vector<Inside>& inside = by_sequence[o.seq[op]];
        if (inside.empty()) order.push_back(o.seq[op]);
        inside.push_back({m.rank, o.finished[op] - o.started[op], o.finished[op]});
      }
    }
    std::sort(order.begin(), order.end());
    for (const uint32_t seq : order) {
      // Whoever has no record may have been the last.
      if (by_sequence[seq].size() == c.members.size()) Judge(by_sequence[seq]);
    }
  }

  void Judge(std::vector<Inside>& inside) {
    std::sort(inside.begin(), inside.end(),
              [](const Inside& a, const Inside& b) { return a.duration < b.duration; });
    for (size_t place = 0; place < inside.size(); ++place) {
      Rank& rank = ranks_[inside[place].rank];
      LastArrival& a = rank.sum;
      const int64_t others = MedianWithout(inside, place), late = others - inside[place].duration;
      ++a.collectives;
      if (late > 0) {
        if (a.late++ == 0) a.since = inside[place].end;
        a.held_ns += late;
      }
      a.waited_ns += inside[place].duration - inside[0].duration, a.inside_ns += others;
      rank.lateness.push_back(late), rank.shortest.push_back(inside[0].duration);
    }
  }

  const store::Store& store_;
  std::vector<Rank> ranks_;
};

}  // namespace

std::vector<LastArrival> FindLastArrivals(const store::Store& store) { return LastArrivals(store).Find(); }

}  // namespace rankle::localize
