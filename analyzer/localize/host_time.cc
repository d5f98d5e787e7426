#include "analyzer/localize/host_time.h"

#include <algorithm>
#include <map>
#include <optional>

#include "analyzer/localize/median.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::Store;

// A median over this many peers is as good as one over thousands.
constexpr size_t kMostPeers = 32;

struct BlockingCall {
  int64_t entered = 0, returned = 0;
};

std::vector<int32_t> PeersOf(const Lateness& l) {
  std::vector<int32_t> peers;
  for (int32_t rank : *l.group) {
    if (rank != l.rank && peers.size() < kMostPeers) peers.push_back(rank);
  }
  return peers;
}

class HostTimes {
 public:
  // Looks at the ranks in `wanted` only.
  HostTimes(const Store& store, const std::vector<uint8_t>& wanted) : store_(store) {
    const size_t ranks = store.ranks.size();
    marks_.resize(ranks), first_calls_.resize(ranks), blocking_.resize(ranks), times_.resize(ranks);
    const store::Events& e = store.events;
    for (size_t i = 0; i < e.size(); ++i) {
      if (e.rank[i] >= 0 && wanted[e.rank[i]] && e.kind[i] == store::EventKind::kMark)
        marks_[e.rank[i]][static_cast<int64_t>(e.count[i])] = e.time[i];
    }
    const store::Calls& c = store.calls;
    for (size_t i = 0; i < c.size(); ++i) {
      if (c.rank[i] < 0 || !wanted[c.rank[i]]) continue;
      const api::ApiInfo* info = api::FindApi(c.api[i]);
      if (info == nullptr) continue;
      if ((info->groups & (api::kLaunch | api::kMemcpy)) != 0) {
        first_calls_[c.rank[i]].push_back(c.entered[i]);
      } else if (c.returned[i] != 0) {
        blocking_[c.rank[i]].push_back({c.entered[i], c.returned[i]});
      }
    }
    for (auto& calls : first_calls_) std::sort(calls.begin(), calls.end());
    for (auto& calls : blocking_) {
      std::sort(calls.begin(), calls.end(),
                [](const BlockingCall& a, const BlockingCall& b) { return a.returned < b.returned; });
    }
  }

  // Median over the steps that communicate, `iterations` of them; nothing where the records do not tell in
  // half of them.
  std::optional<int64_t> Usual(int32_t rank, int64_t first_step, int64_t last_step, int iterations) {
    const auto& times = TimesOf(rank);
    std::vector<int64_t> values;
    for (auto it = times.lower_bound(first_step); it != times.end() && it->first <= last_step; ++it)
      values.push_back(it->second);
    if (values.empty() || values.size() * 2 < static_cast<size_t>(iterations)) return {};
    return Median(std::move(values));
  }

 private:
  const std::map<int64_t, int64_t>& TimesOf(int32_t rank) {
    auto& times = times_[rank];
    if (!times.empty()) return times;
    const store::Operations& o = store_.operations;
    size_t next = store_.rank_begin(rank);
    int64_t busy_until = 0;
    int64_t since_last_operation = 0;
    bool known = false;  // by at least one first call
    const auto& marks = marks_[rank];
    for (auto mark = marks.begin(); mark != marks.end(); ++mark) {
      for (; next < store_.rank_begin(rank + 1) && o.entered[next] < mark->second; ++next)
        busy_until = std::max(busy_until, o.finished[next]);
      const int64_t end = std::next(mark) == marks.end() ? INT64_MAX : std::next(mark)->second;
      const auto& calls = first_calls_[rank];
      const auto first = std::lower_bound(calls.begin(), calls.end(), mark->second);
      if (first != calls.end() && *first < end) {
        const int64_t free_since = std::max({mark->second, busy_until, LastReturn(rank, *first)});
        since_last_operation += std::max<int64_t>(0, *first - free_since);
        known = true;
      }
      const bool communicates = next < store_.rank_begin(rank + 1) && o.entered[next] < end;
      if (!communicates) continue;
      if (known) times[mark->first] = since_last_operation;
      since_last_operation = 0, known = false;
    }
    return times;
  }

  // When the last blocking call before `time` returned.
  int64_t LastReturn(int32_t rank, int64_t time) const {
    const auto& calls = blocking_[rank];
    const auto after = std::upper_bound(calls.begin(), calls.end(), time,
                                        [](int64_t t, const BlockingCall& c) { return t < c.returned; });
    return after == calls.begin() ? 0 : std::prev(after)->returned;
  }

  const Store& store_;
  std::vector<std::map<int64_t, int64_t>> marks_;  // by rank: step -> time
  std::vector<std::vector<int64_t>> first_calls_;  // by rank: launches and copies on record
  std::vector<std::vector<BlockingCall>> blocking_;
  std::vector<std::map<int64_t, int64_t>> times_;  // by rank: step -> time on the host since the step that
                                                   // communicated last; made when asked for
};

}  // namespace

void AddHostTimes(const Store& store, std::vector<Lateness>& lateness) {
  std::vector<uint8_t> wanted(store.ranks.size());
  for (const Lateness& l : lateness) {
    if (!l.by_steps) continue;
    wanted[l.rank] = 1;
    for (int32_t peer : PeersOf(l)) wanted[peer] = 1;
  }
  HostTimes times(store, wanted);
  for (Lateness& l : lateness) {
    if (!l.by_steps) continue;
    const auto own = times.Usual(l.rank, l.first_iteration, l.last_iteration, l.iterations);
    std::vector<int64_t> others;
    for (int32_t peer : PeersOf(l)) {
      if (const auto time = times.Usual(peer, l.first_iteration, l.last_iteration, l.iterations))
        others.push_back(*time);
    }
    if (!own || others.empty()) continue;
    l.host_ns = *own, l.normal_host_ns = Median(std::move(others));
  }
}

}  // namespace rankle::localize
