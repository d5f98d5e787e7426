#include "analyzer/localize/arrival.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/peer_comparison.h"
#include "analyzer/localize/role.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

struct Iteration {
  int64_t number = 0;
  int64_t own = 0;
  int64_t begin = 0, end = 0;
};
using Series = std::vector<Iteration>;  // by number

// The iteration of this number, which is made where it is missing: mostly the last one or a new one.
Iteration& IterationIn(Series& series, int64_t number, int64_t begin) {
  if (!series.empty() && series.back().number == number) return series.back();
  auto it = std::lower_bound(series.begin(), series.end(), number,
                             [](const Iteration& a, int64_t wanted) { return a.number < wanted; });
  if (it == series.end() || it->number != number) it = series.insert(it, {number, 0, begin, 0});
  return *it;
}

class ArrivalAnalysis {
 public:
  explicit ArrivalAnalysis(const Store& store) : store_(store), o_(store.operations) {}

  std::vector<Lateness> Find() {
    std::map<std::pair<Role, bool>, std::vector<int32_t>> groups;
    series_.resize(store_.ranks.size());
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      const bool by_steps = MeasureOwnTime(rank);
      if (!series_[rank].empty()) groups[{RoleOf(store_, rank), by_steps}].push_back(rank);
    }
    std::vector<Lateness> found;
    for (const auto& [role, ranks] : groups) {
      if (ranks.size() > 1) Compare(ranks, role.second, found);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Lateness& a, const Lateness& b) { return a.surprise > b.surprise; });
    return found;
  }

 private:
  int64_t Arrival(size_t i) const { return o_.started[i] != 0 ? o_.started[i] : o_.entered[i]; }

  // End of an operation; where it was not observed, a collective ended no earlier than the last rank entered
  // it.
  int64_t End(size_t i) {
    if (o_.finished[i] != 0 || o_.p2p[i]) return o_.finished[i];
    const auto [it, added] =
        last_entry_.try_emplace(static_cast<uint64_t>(o_.communicator[i]) << 32 | o_.seq[i], 0);
    if (!added) return it->second;
    for (const store::Member& m : store_.communicators[o_.communicator[i]].members) {
      const auto [first, last] =
          std::equal_range(m.collectives.begin(), m.collectives.end(), static_cast<uint32_t>(i),
                           [&](uint32_t a, uint32_t b) { return o_.seq[a] < o_.seq[b]; });
      for (auto entry = first; entry != last; ++entry) it->second = std::max(it->second, o_.entered[*entry]);
    }
    return it->second;
  }

  // The communicator whose collectives count the iterations when there are no marks: the largest in regular
  // use.
  int32_t PrimaryCommunicator(int32_t rank) const {
    absl::flat_hash_map<int32_t, size_t> uses;
    for (size_t i = store_.rank_begin(rank); i < store_.rank_begin(rank + 1); ++i) {
      if (!o_.p2p[i]) ++uses[o_.communicator[i]];
    }
    int32_t best = kNone;
    std::pair<size_t, size_t> best_weight{0, 0};
    for (const auto& [c, count] : uses) {
      const std::pair weight(store_.communicators[c].members.size(), count);
      if (count < 2 * PeerComparison::kMinSlowIterations || (best != kNone && weight <= best_weight))
        continue;
      best = c, best_weight = weight;
    }
    return best;
  }

  // Fills the rank's series; returns whether iterations are marked steps.
  bool MeasureOwnTime(int32_t rank) {
    const size_t begin = store_.rank_begin(rank), end = store_.rank_begin(rank + 1);
    if (begin == end) return false;
    const bool by_steps = o_.step[end - 1] != kNone;
    const int32_t primary = by_steps ? kNone : PrimaryCommunicator(rank);
    if (!by_steps && primary == kNone) return false;
    Series& series = series_[rank];
    int64_t iteration = 0, exit = 0;
    for (size_t i = begin; i < end; ++i) {
      if (o_.state[i] == store::OpState::kFailed) continue;
      if (by_steps) iteration = o_.step[i];
      const int64_t arrival = Arrival(i);
      if (exit != 0 && (!by_steps || iteration >= 0)) {
        Iteration& it = IterationIn(series, iteration, exit);
        it.own += std::max<int64_t>(0, arrival - exit);
        it.end = std::max(it.end, arrival);
      }
      if (!by_steps && o_.communicator[i] == primary && !o_.p2p[i]) iteration = o_.seq[i];
      exit = std::max(exit, End(i));
    }
    // The first iteration warms up, the last may be incomplete.
    if (!series.empty()) series.erase(series.begin());
    if (!series.empty()) series.pop_back();
    series.shrink_to_fit();
    return by_steps;
  }

  // The numbers of the iterations that all these ranks have.
  std::vector<int64_t> CommonIterations(const std::vector<int32_t>& ranks) const {
    const auto numbers_of = [&](int32_t rank) {
      std::vector<int64_t> numbers;
      numbers.reserve(series_[rank].size());
      for (const Iteration& iteration : series_[rank]) numbers.push_back(iteration.number);
      return numbers;
    };
    std::vector<int64_t> common = numbers_of(ranks[0]);
    for (int32_t rank : ranks) {
      const std::vector<int64_t> numbers = numbers_of(rank);
      std::vector<int64_t> both;
      std::set_intersection(common.begin(), common.end(), numbers.begin(), numbers.end(),
                            std::back_inserter(both));
      common = std::move(both);
    }
    return common;
  }

  void Compare(const std::vector<int32_t>& ranks, bool by_steps, std::vector<Lateness>& found) {
    const std::vector<int64_t> iterations = CommonIterations(ranks);
    if (iterations.size() < PeerComparison::kMinSlowIterations) return;
    std::vector<std::vector<int64_t>> own;
    for (int32_t rank : ranks) {
      std::vector<int64_t>& row = own.emplace_back();
      row.reserve(iterations.size());
      for (const Iteration& it : series_[rank]) {
        if (row.size() < iterations.size() && it.number == iterations[row.size()]) row.push_back(it.own);
      }
    }
    const PeerComparison comparison(std::move(own));
    const auto group = std::make_shared<const std::vector<int32_t>>(ranks);
    for (size_t r = 0; r < ranks.size(); ++r) {
      const std::optional<SlowSegment> s = comparison.FindSlow(r);
      if (!s.has_value()) continue;
      Lateness l;
      l.rank = ranks[r], l.peers = static_cast<int>(ranks.size()) - 1, l.by_steps = by_steps, l.group = group;
      l.first_iteration = iterations[s->first], l.last_iteration = iterations[s->last - 1];
      l.iterations = static_cast<int>(s->last - s->first), l.slow_iterations = s->slow_iterations;
      l.factor = s->factor, l.own_ns = s->own_ns, l.normal_ns = s->normal_ns;
      l.noise = s->noise, l.chance = s->chance, l.surprise = s->surprise;
      const Iteration& begin = IterationIn(series_[ranks[r]], l.first_iteration, 0);
      const Iteration& end = IterationIn(series_[ranks[r]], l.last_iteration, 0);
      l.iteration_ns = (end.end - begin.begin) / l.iterations;
      l.since = begin.begin;
      found.push_back(l);
    }
  }

  const Store& store_;
  const store::Operations& o_;
  std::vector<Series> series_;
  absl::flat_hash_map<uint64_t, int64_t> last_entry_;
};

}  // namespace

std::vector<Lateness> FindLateness(const Store& store) { return ArrivalAnalysis(store).Find(); }

}  // namespace rankle::localize
