#include "analyzer/localize/arrival.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/role.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

// An iteration looks slow when the own time is this much above the others'. Below the factor of 1.2 that must
// be found, so that noise does not hide it; the floor is what a scheduler tick can do to anybody.
constexpr double kSlowFactor = 1.12;
constexpr int64_t kSlowFloorNs = 100'000;
// Score of the run search: a segment in which a third of the iterations is not slow ends.
constexpr int kSlowScore = 1, kNormalScore = -2;
constexpr int kMinSlowIterations = 5;

struct Iteration {
  int64_t own = 0;
  int64_t begin = 0, end = 0;
};
using Series = std::map<int64_t, Iteration>;  // iteration number -> values

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
    const uint64_t key = static_cast<uint64_t>(o_.communicator[i]) << 32 | o_.seq[i];
    if (last_entry_.empty()) {
      for (size_t k = 0; k < o_.size(); ++k) {
        if (o_.p2p[k]) continue;
        int64_t& last = last_entry_[static_cast<uint64_t>(o_.communicator[k]) << 32 | o_.seq[k]];
        last = std::max(last, o_.entered[k]);
      }
    }
    return last_entry_[key];
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
      if (count < 2 * kMinSlowIterations || (best != kNone && weight <= best_weight)) continue;
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
        auto [it, added] = series.try_emplace(iteration);
        if (added) it->second.begin = exit;
        it->second.own += std::max<int64_t>(0, arrival - exit);
        it->second.end = std::max(it->second.end, arrival);
      }
      if (!by_steps && o_.communicator[i] == primary && !o_.p2p[i]) iteration = o_.seq[i];
      exit = std::max(exit, End(i));
    }
    // The first iteration warms up, the last may be incomplete.
    if (!series.empty()) series.erase(series.begin());
    if (!series.empty()) series.erase(std::prev(series.end()));
    return by_steps;
  }

  void Compare(const std::vector<int32_t>& ranks, bool by_steps, std::vector<Lateness>& found) {
    const std::vector<int64_t> iterations = CommonIterations(ranks);
    if (iterations.size() < kMinSlowIterations) return;
    const size_t m = ranks.size();
    const auto group = std::make_shared<const std::vector<int32_t>>(ranks);
    std::vector<std::vector<int64_t>> own(m, std::vector<int64_t>(iterations.size())), others = own;
    for (size_t k = 0; k < iterations.size(); ++k) {
      std::vector<int64_t> sorted;
      for (size_t r = 0; r < m; ++r) sorted.push_back(own[r][k] = series_[ranks[r]].at(iterations[k]).own);
      std::sort(sorted.begin(), sorted.end());
      const size_t middle =
          (m - 2) / 2;  // lower median of the m - 1 others: robust to just under half of them slow
      for (size_t r = 0; r < m; ++r)
        others[r][k] = own[r][k] <= sorted[middle] ? sorted[middle + 1] : sorted[middle];
    }
    std::vector<std::vector<uint8_t>> slow(m, std::vector<uint8_t>(iterations.size()));
    for (size_t r = 0; r < m; ++r) {
      for (size_t k = 0; k < iterations.size(); ++k) {
        slow[r][k] =
            static_cast<double>(own[r][k]) > kSlowFactor * static_cast<double>(others[r][k]) + kSlowFloorNs;
      }
    }
    for (size_t r = 0; r < m; ++r) {
      const auto [first, last] = BestSegment(slow[r]);
      if (last <= first) continue;
      Lateness l = Summarize(own[r], others[r], slow[r], first, last);
      if (l.slow_iterations < kMinSlowIterations) continue;
      l.rank = ranks[r], l.peers = static_cast<int>(m) - 1, l.by_steps = by_steps, l.group = group;
      l.first_iteration = iterations[first], l.last_iteration = iterations[last - 1];
      const Iteration &a = series_[ranks[r]].at(iterations[first]),
                      &b = series_[ranks[r]].at(iterations[last - 1]);
      l.iteration_ns = (b.end - a.begin) / static_cast<int64_t>(last - first);
      l.since = a.begin;
      Judge(slow, r, first, last, l);
      l.noise = Noise(own, r, first, last);
      found.push_back(l);
    }
  }

  std::vector<int64_t> CommonIterations(const std::vector<int32_t>& ranks) const {
    std::map<int64_t, size_t> present;
    for (int32_t rank : ranks) {
      for (const auto& [iteration, values] : series_[rank]) ++present[iteration];
    }
    std::vector<int64_t> common;
    for (const auto& [iteration, count] : present) {
      if (count == ranks.size()) common.push_back(iteration);
    }
    return common;
  }

  // The segment [first, last) with the highest score.
  static std::pair<size_t, size_t> BestSegment(const std::vector<uint8_t>& slow) {
    int score = 0, best = 0;
    size_t begin = 0;
    std::pair<size_t, size_t> segment{0, 0};
    for (size_t k = 0; k < slow.size(); ++k) {
      if (score <= 0) score = 0, begin = k;
      score += slow[k] ? kSlowScore : kNormalScore;
      if (score > best) best = score, segment = {begin, k + 1};
    }
    return segment;
  }

  // How much the ranks other than `r` usually differ from their own median in the same iteration, relative;
  // of a single other rank, how much it differs from its iteration before.
  static double Noise(const std::vector<std::vector<int64_t>>& own, size_t r, size_t first, size_t last) {
    constexpr double kMadToSigma = 1.4826;
    std::vector<double> differences;
    std::vector<int64_t> others;
    for (size_t k = first; k < last; ++k) {
      const int64_t before = others.size() == 1 ? others[0] : 0;
      others.clear();
      for (size_t other = 0; other < own.size(); ++other) {
        if (other != r) others.push_back(own[other][k]);
      }
      const int64_t usual = others.size() > 1 ? Median(others) : before;
      if (usual <= 0) continue;
      for (int64_t one : others)
        differences.push_back(std::abs(static_cast<double>(one - usual)) / static_cast<double>(usual));
    }
    if (differences.empty()) return 0;
    std::nth_element(differences.begin(), differences.begin() + differences.size() / 2, differences.end());
    return kMadToSigma * differences[differences.size() / 2];
  }

  static int64_t Median(std::vector<int64_t> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
  }

  static Lateness Summarize(const std::vector<int64_t>& own, const std::vector<int64_t>& others,
                            const std::vector<uint8_t>& slow, size_t first, size_t last) {
    Lateness l;
    l.iterations = static_cast<int>(last - first);
    l.slow_iterations = static_cast<int>(std::count(slow.begin() + first, slow.begin() + last, 1));
    l.own_ns = Median({own.begin() + first, own.begin() + last});
    l.normal_ns = Median({others.begin() + first, others.begin() + last});
    l.factor = static_cast<double>(l.own_ns) / static_cast<double>(std::max<int64_t>(l.normal_ns, 1));
    return l;
  }

  // How likely is it that chance makes k of n iterations slow? Chance is what happens to the others at the
  // same time; of those the slowest quarter is left out, because it may hold further culprits.
  static void Judge(const std::vector<std::vector<uint8_t>>& slow, size_t r, size_t first, size_t last,
                    Lateness& l) {
    std::vector<int64_t> counts;
    for (size_t other = 0; other < slow.size(); ++other) {
      if (other != r)
        counts.push_back(std::count(slow[other].begin() + first, slow[other].begin() + last, 1));
    }
    std::sort(counts.begin(), counts.end());
    counts.resize(std::max<size_t>(1, counts.size() - counts.size() / 4));
    const double n = l.iterations, k = l.slow_iterations;
    double total = 0;
    for (int64_t count : counts) total += static_cast<double>(count);
    l.chance = total / (n * static_cast<double>(counts.size()));
    const double p = std::clamp(l.chance, 0.1, 0.9), q = std::min(k / n, 0.999);
    l.surprise = q <= p ? 0 : n * (q * std::log10(q / p) + (1 - q) * std::log10((1 - q) / (1 - p)));
  }

  const Store& store_;
  const store::Operations& o_;
  std::vector<Series> series_;
  absl::flat_hash_map<uint64_t, int64_t> last_entry_;
};

}  // namespace

std::vector<Lateness> FindLateness(const Store& store) { return ArrivalAnalysis(store).Find(); }

}  // namespace rankle::localize
