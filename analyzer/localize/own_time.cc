// Which operations end where, which communicator counts the iterations, and what lies between.
#include "analyzer/localize/own_time.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/peer_comparison.h"
#include "analyzer/localize/primary.h"
#include "analyzer/localize/role.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

using Series = std::vector<OwnIteration>;  // by number

// The iteration of this number, which is made where it is missing: mostly the last one or a new one.
OwnIteration& IterationIn(Series& series, int64_t number, int64_t begin) {
  if (!series.empty() && series.back().number == number) return series.back();
  auto it = std::lower_bound(series.begin(), series.end(), number,
                             [](const OwnIteration& a, int64_t wanted) { return a.number < wanted; });
  if (it == series.end() || it->number != number) it = series.insert(it, {number, 0, begin, 0});
  return *it;
}

class OwnTimeMeasurement {
 public:
  explicit OwnTimeMeasurement(const Store& store) : store_(store), o_(store.operations) {}

  std::vector<OwnTimes> Measure(size_t min_ranks) {
    std::map<std::pair<Role, bool>, OwnTimes> roles;
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      Series series;
      const bool by_steps = MeasureOwnTime(rank, series);
      if (series.empty()) continue;
      OwnTimes& times = roles[{RoleOf(store_, rank), by_steps}];
      times.by_steps = by_steps;
      times.ranks.push_back(rank), times.series.push_back(std::move(series));
    }
    std::vector<OwnTimes> found;
    for (auto& [role, times] : roles) {
      if (times.ranks.size() < min_ranks) continue;
      KeepCommonIterations(times);
      found.push_back(std::move(times));
    }
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

  // How many collectives of the communicator make one iteration: what they repeat themselves by. A rank that
  // is late once in a step of four collectives is late in every step, and in one collective of four. 1 where
  // nothing repeats, or too seldom to compare.
  size_t PeriodOf(int32_t communicator, int32_t rank) {
    const auto [it, added] = periods_.try_emplace(communicator, 1);
    if (!added) return it->second;
    for (const store::Member& m : store_.communicators[communicator].members) {
      if (m.rank != rank) continue;
      const size_t period = CollectivePeriod(store_, m);
      if (period > 1 && m.collectives.size() / period >= 2 * PeerComparison::kMinSlowIterations)
        it->second = period;
    }
    return it->second;
  }

  // Fills the rank's series; returns whether iterations are marked steps.
  bool MeasureOwnTime(int32_t rank, Series& series) {
    const size_t begin = store_.rank_begin(rank), end = store_.rank_begin(rank + 1);
    if (begin == end) return false;
    const bool by_steps = o_.step[end - 1] != kNone;
    const int32_t primary = by_steps ? kNone : PrimaryCommunicator(rank);
    if (!by_steps && primary == kNone) return false;
    const size_t period = by_steps ? 1 : PeriodOf(primary, rank);
    int64_t iteration = 0, exit = 0;
    for (size_t i = begin; i < end; ++i) {
      if (o_.state[i] == store::OpState::kFailed) continue;
      if (by_steps) iteration = o_.step[i];
      const int64_t arrival = Arrival(i);
      if (exit != 0 && (!by_steps || iteration >= 0)) {
        OwnIteration& it = IterationIn(series, iteration, exit);
        it.own += std::max<int64_t>(0, arrival - exit);
        it.end = std::max(it.end, arrival);
      }
      if (!by_steps && o_.communicator[i] == primary && !o_.p2p[i])
        iteration = o_.seq[i] / static_cast<int64_t>(period);
      exit = std::max(exit, End(i));
    }
    // The first iteration warms up, the last may be incomplete.
    if (!series.empty()) series.erase(series.begin());
    if (!series.empty()) series.pop_back();
    series.shrink_to_fit();
    return by_steps;
  }

  static void KeepCommonIterations(OwnTimes& times) {
    const auto numbers_of = [](const Series& series) {
      std::vector<int64_t> numbers;
      numbers.reserve(series.size());
      for (const OwnIteration& iteration : series) numbers.push_back(iteration.number);
      return numbers;
    };
    times.iterations = numbers_of(times.series[0]);
    for (const Series& series : times.series) {
      const std::vector<int64_t> numbers = numbers_of(series);
      std::vector<int64_t> both;
      std::set_intersection(times.iterations.begin(), times.iterations.end(), numbers.begin(), numbers.end(),
                            std::back_inserter(both));
      times.iterations = std::move(both);
    }
    for (Series& series : times.series) {
      std::erase_if(series, [&](const OwnIteration& iteration) {
        return !std::binary_search(times.iterations.begin(), times.iterations.end(), iteration.number);
      });
    }
  }

  const Store& store_;
  const store::Operations& o_;
  absl::flat_hash_map<uint64_t, int64_t> last_entry_;
  absl::flat_hash_map<int32_t, size_t> periods_;  // by communicator
};

}  // namespace

std::vector<OwnTimes> MeasureOwnTimes(const Store& store, size_t min_ranks) {
  return OwnTimeMeasurement(store).Measure(min_ranks);
}

}  // namespace rankle::localize
