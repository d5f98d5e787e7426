#include "analyzer/localize/memory.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>

#include "analyzer/localize/median.h"
#include "analyzer/localize/role.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

// The first fifth of the iterations fills caches, optimizer states and buffers that are made when first used.
constexpr double kWarmUpShare = 0.2;
constexpr size_t kFewestSteps = 20;
// Trends are quadratic in samples; as many show any growth that is steady.
constexpr size_t kSamples = 64;

struct Change {
  int64_t time = 0, bytes = 0;
};

class MemoryAnalysis {
 public:
  explicit MemoryAnalysis(const Store& store) : store_(store) {}

  std::vector<MemoryUse> Find() {
    Collect();
    std::vector<MemoryUse> found;
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      if (changes_[rank].empty() || SharesItsProcess(rank)) continue;
      if (MemoryUse use; Measure(rank, use)) found.push_back(use);
    }
    CompareWithPeers(found);
    return found;
  }

 private:
  void Collect() {
    changes_.resize(store_.ranks.size()), marks_.resize(store_.ranks.size());
    const store::Events& e = store_.events;
    for (size_t i = 0; i < e.size(); ++i) {
      if (e.rank[i] < 0) continue;
      if (e.kind[i] == store::EventKind::kMemory)
        changes_[e.rank[i]].push_back({e.time[i], static_cast<int64_t>(e.count[i])});
    }
    for (size_t i = 0; i < e.size(); ++i) {
      const bool mark = e.kind[i] == store::EventKind::kMark && e.rank[i] >= 0;
      if (mark && !changes_[e.rank[i]].empty()) marks_[e.rank[i]].push_back(e.time[i]);
    }
    for (auto& marks : marks_) std::sort(marks.begin(), marks.end());
    for (auto& changes : changes_) {
      std::stable_sort(changes.begin(), changes.end(),
                       [](const Change& a, const Change& b) { return a.time < b.time; });
    }
    for (const store::Rank& rank : store_.ranks) ++ranks_of_process_[rank.process];
  }

  bool SharesItsProcess(int32_t rank) const { return ranks_of_process_.at(store_.ranks[rank].process) > 1; }

  // The borders of the samples: steps or slices of the time in which the rank communicates (what it frees on
  // its way out is not looked at), put together until there are few enough.
  std::vector<int64_t> Borders(int32_t rank, MemoryUse& use) const {
    std::vector<int64_t> borders = marks_[rank];
    use.by_steps = borders.size() > kFewestSteps;
    if (!use.by_steps) {
      const size_t begin = store_.rank_begin(rank), end = store_.rank_begin(rank + 1);
      if (end - begin < kFewestSteps) return {};
      const int64_t first = store_.operations.entered[begin], last = store_.operations.entered[end - 1];
      borders.clear();
      for (size_t i = 0; i <= kSamples; ++i)
        borders.push_back(first + (last - first) / static_cast<int64_t>(kSamples) * static_cast<int64_t>(i));
    }
    borders.erase(borders.begin(), borders.begin() + static_cast<ptrdiff_t>(
                                                         kWarmUpShare * static_cast<double>(borders.size())));
    use.iterations = static_cast<int>(borders.size()) - 1;
    const size_t together = (borders.size() + kSamples - 1) / kSamples;
    std::vector<int64_t> thinned;
    for (size_t i = 0; i < borders.size(); i += together) thinned.push_back(borders[i]);
    return thinned;
  }

  bool Measure(int32_t rank, MemoryUse& use) const {
    const std::vector<int64_t> borders = Borders(rank, use);
    if (borders.size() < 3) return false;
    const std::vector<Change>& changes = changes_[rank];
    size_t next = 0;
    int64_t now = 0;
    while (next < changes.size() && changes[next].time <= borders[0]) now = changes[next++].bytes;
    if (next == 0 && next < changes.size()) now = changes[0].bytes;  // earlier records were overwritten
    std::vector<double> samples;
    std::vector<int64_t> held;
    for (size_t i = 0; i + 1 < borders.size(); ++i) {
      int64_t least = now;
      use.peak_bytes = std::max(use.peak_bytes, now);
      for (; next < changes.size() && changes[next].time <= borders[i + 1]; ++next) {
        now = changes[next].bytes;
        least = std::min(least, now), use.peak_bytes = std::max(use.peak_bytes, now);
      }
      samples.push_back(static_cast<double>(least)), held.push_back(least);
    }
    use.rank = rank, use.since = borders[0];
    use.first_bytes = held.front(), use.last_bytes = held.back(), use.usual_bytes = Median(held);
    if (std::adjacent_find(held.begin(), held.end(), std::not_equal_to<>()) == held.end()) return true;
    use.trend = FindTrend(samples);
    use.growth_bytes = static_cast<int64_t>(use.trend.slope * static_cast<double>(samples.size() - 1));
    return true;
  }

  void CompareWithPeers(std::vector<MemoryUse>& all) const {
    std::map<Role, std::vector<MemoryUse*>> groups;
    for (MemoryUse& use : all) groups[RoleOf(store_, use.rank)].push_back(&use);
    for (auto& [role, group] : groups) {
      std::vector<int64_t> usual, growth;
      for (const MemoryUse* use : group)
        usual.push_back(use->usual_bytes), growth.push_back(use->growth_bytes);
      std::sort(usual.begin(), usual.end()), std::sort(growth.begin(), growth.end());
      for (MemoryUse* use : group) {
        use->peers = static_cast<int>(group.size()) - 1;
        use->peers_usual_bytes = MedianWithout(usual, use->usual_bytes);
        use->peers_growth_bytes = MedianWithout(growth, use->growth_bytes);
      }
    }
  }

  // Lower median of the others: robust to just under half of them being unusual.
  static int64_t MedianWithout(const std::vector<int64_t>& sorted, int64_t value) {
    if (sorted.size() < 2) return 0;
    const size_t middle = (sorted.size() - 2) / 2;
    return value <= sorted[middle] ? sorted[middle + 1] : sorted[middle];
  }

  const Store& store_;
  std::vector<std::vector<Change>> changes_;  // by rank, in time order
  std::vector<std::vector<int64_t>> marks_;
  std::map<int32_t, int> ranks_of_process_;
};

}  // namespace

std::vector<MemoryUse> FindMemoryUse(const Store& store) { return MemoryAnalysis(store).Find(); }

}  // namespace rankle::localize
