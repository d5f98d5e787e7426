#include "analyzer/import/flight_recorder/dump_ranks.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/rank_in_name.h"

namespace rankle::import {
namespace {

int64_t LastTime(const Dump& dump) {
  int64_t last = 0;
  for (const DumpEntry& e : dump.entries) last = std::max({last, e.created, e.started, e.completed});
  return last;
}

// Ranks that are in all groups of the dump. Empty: it lists no groups, or groups without common member.
std::vector<int32_t> Candidates(const Dump& dump) {
  std::vector<std::vector<int32_t>> groups;
  for (const DumpGroup& group : dump.groups) {
    if (!group.ranks.empty()) groups.push_back(group.ranks);
  }
  if (groups.empty()) return {};
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  std::vector<int32_t> left = groups[0];
  std::sort(left.begin(), left.end());
  for (size_t g = 1; g < groups.size() && left.size() > 1; ++g) {
    std::sort(groups[g].begin(), groups[g].end());
    std::vector<int32_t> both;
    std::set_intersection(left.begin(), left.end(), groups[g].begin(), groups[g].end(),
                          std::back_inserter(both));
    left = std::move(both);
  }
  return left;
}

// The rank as its sends and receives tell it: their first number is the place of the process in the group.
int32_t RankByPlace(const Dump& dump) {
  absl::flat_hash_map<std::string, const DumpGroup*> by_name;
  for (const DumpGroup& group : dump.groups) by_name.try_emplace(group.name, &group);
  for (const DumpEntry& e : dump.entries) {
    if (e.self < 0 || e.group < 0) continue;
    const auto it = by_name.find(dump.named[e.group].name);
    if (it != by_name.end() && e.self < static_cast<int32_t>(it->second->ranks.size()))
      return it->second->ranks[e.self];
  }
  return -1;
}

// A rank that issues nothing any more makes the others time out, so its dump ends one timeout before theirs
// at most; the second is for whoever dumps later. One that ends earlier is of another incident, and its rank
// left no dump of this one. Only a minority can be out of date: else the newer ones are the odd ones.
constexpr int64_t kStaleTimeouts = 2, kNsPerMs = 1'000'000;

void LeaveOutStale(const std::vector<Dump>& dumps, DumpRanks& result) {
  int64_t newest = 0, timeout_ms = 0;
  size_t told = 0;
  for (size_t d = 0; d < dumps.size(); ++d) {
    if (result.ranks[d] < 0) continue;
    newest = std::max(newest, LastTime(dumps[d])), timeout_ms = std::max(timeout_ms, dumps[d].timeout_ms);
    told += LastTime(dumps[d]) > 0;
  }
  if (timeout_ms <= 0 || timeout_ms > newest / kNsPerMs / kStaleTimeouts) return;
  std::vector<size_t> stale;
  for (size_t d = 0; d < dumps.size(); ++d) {
    const int64_t last = LastTime(dumps[d]);
    if (result.ranks[d] >= 0 && last > 0 && last < newest - kStaleTimeouts * timeout_ms * kNsPerMs)
      stale.push_back(d);
  }
  if (stale.size() * 2 >= told) return;
  for (const size_t d : stale) {
    result.notes.push_back(
        absl::StrCat(dumps[d].file, ": ends ", (newest - LastTime(dumps[d])) / 1'000'000'000,
                     " s before the newest dump, so it is of an earlier incident, left out"));
    result.ranks[d] = -1;
  }
}

}  // namespace

DumpRanks RanksOf(const std::vector<Dump>& dumps) {
  DumpRanks result;
  result.ranks.assign(dumps.size(), -1);
  std::vector<size_t> order(
      dumps.size());  // of names, so that the order in which files are given means nothing
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const auto key = [&](size_t i) { return std::pair(RankInName(dumps[i].file), dumps[i].file); };
    return key(a) < key(b);
  });
  std::map<int32_t, size_t> taken;  // rank -> dump
  const auto take = [&](size_t i, int32_t rank) {
    const auto [it, added] = taken.try_emplace(rank, i);
    if (!added) {
      const bool newer = LastTime(dumps[i]) > LastTime(dumps[it->second]);
      const size_t older = newer ? it->second : i;
      result.notes.push_back(
          absl::StrCat(dumps[older].file, ": another dump of rank ", rank, " is newer, left out"));
      if (!newer) return;
      result.ranks[it->second] = -1, it->second = i;
    }
    result.ranks[i] = rank;
  };
  struct Open {
    size_t dump;
    std::vector<int32_t> candidates;
  };
  std::vector<Open> open;
  for (const size_t i : order) {
    std::vector<int32_t> candidates = Candidates(dumps[i]);
    const int32_t told = dumps[i].told_rank >= 0 ? dumps[i].told_rank : RankByPlace(dumps[i]);
    if (candidates.size() == 1) {
      take(i, candidates[0]);
    } else if (told >= 0) {
      take(i, told);
    } else {
      open.push_back({i, std::move(candidates)});
    }
  }
  std::vector<Open> nameless;
  for (Open& o : open) {
    const int32_t named = RankInName(dumps[o.dump].file);
    const bool possible = named >= 0 && (o.candidates.empty() ||
                                         std::binary_search(o.candidates.begin(), o.candidates.end(), named));
    if (possible && !taken.contains(named)) {
      take(o.dump, named);
    } else {
      nameless.push_back(std::move(o));
    }
  }
  // Those with the fewest possibilities choose first.
  std::stable_sort(nameless.begin(), nameless.end(), [](const Open& a, const Open& b) {
    return a.candidates.size() - 1 < b.candidates.size() - 1;  // none at all comes last
  });
  for (const Open& o : nameless) {
    int32_t rank = -1;
    size_t free = 0;
    for (const int32_t candidate : o.candidates) {
      if (taken.contains(candidate)) continue;
      if (free++ == 0) rank = candidate;
    }
    if (o.candidates.empty()) {
      for (rank = 0; taken.contains(rank);) ++rank;
    }
    if (rank < 0) {
      result.notes.push_back(absl::StrCat(dumps[o.dump].file,
                                          ": other dumps belong to all ranks that it could be of, left out"));
      continue;
    }
    if (free != 1) {
      result.guessed = true;
      result.notes.push_back(absl::StrCat(
          dumps[o.dump].file, ": neither content nor name tells its rank, taken for rank ", rank));
    }
    take(o.dump, rank);
  }
  LeaveOutStale(dumps, result);
  return result;
}

}  // namespace rankle::import
