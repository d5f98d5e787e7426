#include "analyzer/localize/iterations.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/median.h"
#include "analyzer/localize/primary.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

// Ranks that wait for each other keep one pace, so a few of them tell it; more only cost time in a job of
// thousands.
constexpr size_t kSampledRanks = 32;

struct RankIteration {
  int64_t begin = 0, end = 0, communication = 0, busy_until = 0;
  double elements = 0;
  uint64_t kind = 0;  // which collectives it calls, in any order
};
using RankIterations = std::map<int64_t, RankIteration>;

class IterationFinder {
 public:
  explicit IterationFinder(const Store& store) : store_(store), o_(store.operations) {}

  std::vector<IterationSeries> Find() {
    std::vector<std::vector<int32_t>> groups = CoupledRanks();
    CollectMarks(groups);
    primary_ = PrimaryMembers(store_);
    std::vector<IterationSeries> found;
    for (std::vector<int32_t>& ranks : groups) AddSeries(std::move(ranks), found);
    return found;
  }

 private:
  static std::vector<int32_t> Sample(const std::vector<int32_t>& ranks) {
    std::vector<int32_t> some;
    const size_t every = (ranks.size() + kSampledRanks - 1) / kSampledRanks;
    for (size_t r = 0; r < ranks.size(); r += every) some.push_back(ranks[r]);
    return some;
  }

  void CollectMarks(const std::vector<std::vector<int32_t>>& groups) {
    marks_.resize(store_.ranks.size());
    std::vector<uint8_t> wanted(store_.ranks.size());
    for (const std::vector<int32_t>& ranks : groups) {
      for (int32_t rank : Sample(ranks)) wanted[rank] = 1;
    }
    for (size_t i = 0; i < store_.events.size(); ++i) {
      const int32_t rank = store_.events.rank[i];
      if (store_.events.kind[i] != store::EventKind::kMark || rank < 0 || !wanted[rank]) continue;
      // A job that resumes from a checkpoint repeats steps; the last time counts.
      marks_[rank][static_cast<int64_t>(store_.events.count[i])] = store_.events.time[i];
    }
  }

  // Groups of ranks connected by communicators in regular use.
  std::vector<std::vector<int32_t>> CoupledRanks() const {
    std::vector<int32_t> parent(store_.ranks.size());
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](int32_t r) {
      while (parent[r] != r) r = parent[r] = parent[parent[r]];
      return r;
    };
    for (const store::Communicator& c : store_.communicators) {
      int32_t first = kNone;
      for (const store::Member& m : c.members) {
        if (m.rank < 0 || m.collectives.size() + m.p2p.size() < kRegularUse) continue;
        if (first != kNone) parent[root(m.rank)] = root(first);
        first = m.rank;
      }
    }
    std::map<int32_t, std::vector<int32_t>> groups;
    for (int32_t r = 0; r < static_cast<int32_t>(parent.size()); ++r) groups[root(r)].push_back(r);
    std::vector<std::vector<int32_t>> lists;
    for (auto& [first, ranks] : groups) lists.push_back(std::move(ranks));
    return lists;
  }

  int64_t End(size_t i) const { return o_.finished[i] != 0 ? o_.finished[i] : o_.entered[i]; }

  RankIterations ByMarks(int32_t rank) const {
    RankIterations all;
    const auto& marks = marks_[rank];
    for (auto mark = marks.begin(); mark != marks.end(); ++mark) {
      const auto next = std::next(mark);
      if (next == marks.end() || next->first != mark->first + 1 || next->second <= mark->second) continue;
      all[mark->first] = {mark->second, next->second, 0, 0, 0, 0};
    }
    for (size_t i = store_.rank_begin(rank); i < store_.rank_begin(rank + 1); ++i) {
      if (const auto it = all.find(o_.step[i]); it != all.end()) AddOperation(i, it->second);
    }
    return all;
  }

  RankIterations ByPeriod(int32_t rank, const store::Member& primary) const {
    RankIterations all;
    const size_t period = CollectivePeriod(store_, primary);
    if (period == 0) return all;
    for (size_t k = 0; k + period < primary.collectives.size(); k += period) {
      const int64_t begin = End(primary.collectives[k]), end = End(primary.collectives[k + period]);
      if (end > begin) all[static_cast<int64_t>(k / period)] = {begin, end, 0, 0, 0, 0};
    }
    auto at = all.begin();
    for (size_t i = store_.rank_begin(rank); i < store_.rank_begin(rank + 1) && at != all.end(); ++i) {
      while (at != all.end() && End(i) > at->second.end) ++at;
      if (at != all.end() && End(i) > at->second.begin) AddOperation(i, at->second);
    }
    for (auto& [number, iteration] : all) iteration.kind = 0;  // the period is the kind
    return all;
  }

  void AddOperation(size_t i, RankIteration& iteration) const {
    const int64_t begin = std::max(o_.started[i] != 0 ? o_.started[i] : o_.entered[i], iteration.busy_until);
    iteration.communication += std::max<int64_t>(0, o_.finished[i] - begin);
    iteration.busy_until = std::max(iteration.busy_until, o_.finished[i]);
    iteration.elements += static_cast<double>(o_.count[i]);
    // Numbers of point-to-point operations follow the data (experts, pipelines); collectives the program.
    if (!o_.p2p[i]) iteration.kind += Mix(o_.api[i], store_.communicators[o_.communicator[i]].id);
  }

  void AddSeries(std::vector<int32_t> ranks, std::vector<IterationSeries>& found) const {
    const bool by_steps = marks_[ranks[0]].size() > 1;
    const store::Member* primary = primary_[ranks[0]];
    if (!by_steps && primary == nullptr) return;
    std::vector<RankIterations> sampled;
    for (int32_t rank : Sample(ranks)) {
      if (by_steps) {
        sampled.push_back(ByMarks(rank));
      } else if (const store::Member* own = primary_[rank]) {
        // Only those who count on the same communicator as the first count alike.
        if (o_.communicator[own->collectives[0]] == o_.communicator[primary->collectives[0]])
          sampled.push_back(ByPeriod(rank, *own));
      }
    }
    std::map<uint64_t, IterationSeries> by_kind;
    const RankIterations& first = sampled[0];
    for (auto it = first.begin(); it != first.end(); ++it) {
      if (it == first.begin() || (!by_steps && std::next(it) == first.end())) continue;
      by_kind[it->second.kind].iterations.push_back(Combine(it->first, sampled));
    }
    for (auto& [kind, series] : by_kind) {
      series.ranks = ranks, series.by_steps = by_steps, series.kind = kind;
      found.push_back(std::move(series));
    }
  }

  static Iteration Combine(int64_t number, const std::vector<RankIterations>& sampled) {
    Iteration combined;
    combined.number = number, combined.communication_ns = INT64_MAX;
    std::vector<int64_t> begins, lengths;
    for (const RankIterations& rank : sampled) {
      const auto it = rank.find(number);
      if (it == rank.end()) continue;
      begins.push_back(it->second.begin);
      lengths.push_back(it->second.end - it->second.begin);
      combined.communication_ns = std::min(combined.communication_ns, it->second.communication);
      if (combined.elements == 0) combined.elements = it->second.elements;
    }
    combined.begin = Median(begins), combined.length_ns = Median(lengths);
    return combined;
  }

  const Store& store_;
  const store::Operations& o_;
  std::vector<std::map<int64_t, int64_t>> marks_;  // by rank (of those sampled): step -> time
  std::vector<const store::Member*> primary_;      // by rank
};

}  // namespace

std::vector<IterationSeries> FindIterations(const Store& store) { return IterationFinder(store).Find(); }

}  // namespace rankle::localize
