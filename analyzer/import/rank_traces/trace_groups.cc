#include "analyzer/import/rank_traces/trace_groups.h"

#include <algorithm>
#include <numeric>

namespace rankle::import {
namespace {

// 16,384 ranks in 512 groups each: what lists more is no job, and shall not fill the memory.
constexpr size_t kMostMembers = 8 << 20;

}  // namespace

int32_t TraceGroup::PlaceOf(int32_t rank) const {
  const auto it = std::lower_bound(ranks.begin(), ranks.end(), rank);
  return it == ranks.end() || *it != rank ? -1 : static_cast<int32_t>(it - ranks.begin());
}

TraceGroups::TraceGroups(const std::vector<RankTrace>& traces, int32_t world_size) : world_size_(world_size) {
  for (const RankTrace& t : traces) {
    for (const RankGroup& g : t.groups) {
      if (!g.ranks.empty()) listed_.try_emplace(g.name, g.ranks);
    }
    for (const RankOperation& o : t.operations) {
      if (o.ranks.empty() && !o.group.empty()) users_[o.group].insert(t.rank);
    }
  }
  group_of_.resize(traces.size());
  for (size_t t = 0; t < traces.size(); ++t) {
    std::map<std::pair<std::string, int32_t>, int32_t> known;  // those without ranks of their own
    for (const RankOperation& o : traces[t].operations) {
      const auto it = o.ranks.empty() ? known.find({o.group, o.group_size}) : known.end();
      const int32_t g = it != known.end() ? it->second : Resolve(traces[t], o);
      if (o.ranks.empty()) known.try_emplace({o.group, o.group_size}, g);
      untold_ += g < 0;
      group_of_[t].push_back(g);
    }
  }
}

int32_t TraceGroups::Resolve(const RankTrace& trace, const RankOperation& o) {
  std::vector<int32_t> ranks = o.ranks;
  // The file's own list first: names may mean other ranks elsewhere.
  for (const RankGroup& g : trace.groups) {
    if (ranks.empty() && g.name == o.group &&
        (o.group_size <= 0 || g.ranks.size() == static_cast<size_t>(o.group_size)))
      ranks = g.ranks;
  }
  if (const auto it = listed_.find(o.group); ranks.empty() && it != listed_.end()) ranks = it->second;
  if (ranks.empty() && (o.group_size == 0 || o.group_size == world_size_)) {
    ranks.resize(static_cast<size_t>(world_size_));
    std::iota(ranks.begin(), ranks.end(), 0);
  }
  if (const auto it = users_.find(o.group); ranks.empty() && it != users_.end())
    ranks.assign(it->second.begin(), it->second.end());
  std::sort(ranks.begin(), ranks.end());
  if (!std::binary_search(ranks.begin(), ranks.end(), trace.rank)) return -1;
  return Number(o.group, o.group_title, std::move(ranks));
}

int32_t TraceGroups::Number(std::string name, std::string title, std::vector<int32_t> ranks) {
  const auto known = numbers_.find({name, ranks});
  if (known != numbers_.end()) return known->second;
  if (members_ + ranks.size() > kMostMembers) return -1;
  members_ += ranks.size();
  const auto number = static_cast<int32_t>(groups_.size());
  numbers_.emplace(std::pair(name, ranks), number);
  groups_.push_back({std::move(name), std::move(title), std::move(ranks)});
  return number;
}

}  // namespace rankle::import
