#include "analyzer/import/ras/ras_progress.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "analyzer/store/store.h"

namespace rankle::import {
namespace {

// Groups of equal counts that are listed; more are said in number.
constexpr size_t kMostGroups = 4;

using Counts = std::map<std::string, uint64_t>;

bool IsSame(const RasRank& a, const RasRank& b) {
  return a.launched == b.launched && a.init_state == b.init_state && a.async_error == b.async_error &&
         a.finalizing == b.finalizing && a.aborted == b.aborted;
}

// Has no rank that answered both times gone on? Ranks that answered once only say nothing about motion.
bool IsStill(const RasSnapshot& before, const RasSnapshot& after) {
  if (before.communicators.size() != after.communicators.size()) return false;
  std::map<std::string_view, const RasCommunicator*> earlier;
  for (const RasCommunicator& c : before.communicators) earlier[c.id] = &c;
  for (const RasCommunicator& c : after.communicators) {
    const auto it = earlier.find(c.id);
    if (it == earlier.end()) return false;
    for (const RasRank& r : c.ranks) {
      const RasRank* then = it->second->Find(r.rank);
      if (then == nullptr || then->missing || r.missing) continue;
      if (!IsSame(*then, r)) return false;
    }
  }
  return true;
}

std::vector<const RasRank*> Answered(const RasCommunicator& c) {
  std::vector<const RasRank*> ranks;
  for (const RasRank& r : c.ranks) {
    if (!r.missing) ranks.push_back(&r);
  }
  return ranks;
}

// Per function, what every one of the ranks has launched.
Counts Common(const std::vector<const RasRank*>& ranks) {
  Counts common;
  for (size_t i = 0; i < ranks.size(); ++i) {
    Counts own(ranks[i]->launched.begin(), ranks[i]->launched.end());
    if (i == 0) {
      common = std::move(own);
      continue;
    }
    for (auto& [function, count] : common) {
      const auto it = own.find(function);
      count = it == own.end() ? 0 : std::min(count, it->second);
    }
  }
  return common;
}

std::string Groups(const std::string& function, const std::vector<const RasRank*>& ranks) {
  std::map<uint64_t, std::vector<int32_t>> groups;
  for (const RasRank* r : ranks) {
    const Counts own(r->launched.begin(), r->launched.end());
    const auto it = own.find(function);
    groups[it == own.end() ? 0 : it->second].push_back(r->rank);
  }
  if (groups.size() < 2) return "";
  std::string text = absl::StrCat(function, ": ");
  size_t shown = 0;
  for (auto it = groups.rbegin(); it != groups.rend(); ++it) {
    if (shown++ == kMostGroups) {
      absl::StrAppend(&text, ", and ", groups.size() - kMostGroups, " other counts");
      break;
    }
    absl::StrAppend(&text, shown == 1 ? "" : ", ", it->second.size() == 1 ? "rank " : "ranks ",
                    store::RankList(it->second), " launched ", it->first);
  }
  return text;
}

}  // namespace

RasStillness FindStillness(const std::vector<RasSnapshot>& snapshots) {
  RasStillness still;
  if (snapshots.empty()) return still;
  size_t first = snapshots.size() - 1;
  while (first > 0 && IsStill(snapshots[first - 1], snapshots.back())) --first;
  still.snapshots = snapshots.size() - first;
  still.seconds = snapshots.back().time_s - snapshots[first].time_s;
  return still;
}

RasStanding FindStanding(const RasCommunicator& communicator) {
  RasStanding standing;
  const std::vector<const RasRank*> ranks = Answered(communicator);
  const Counts common = Common(ranks);
  for (const auto& [function, count] : common) standing.common += count;
  std::map<std::string, size_t> popular;  // functions beyond the common ones, by ranks that launched them
  std::map<int32_t, std::vector<std::string>> beyond;
  for (const RasRank* r : ranks) {
    for (const auto& [function, count] : r->launched) {
      const auto it = common.find(function);
      if (count <= (it == common.end() ? 0 : it->second)) continue;
      ++popular[function];
      beyond[r->rank].push_back(function);
    }
  }
  for (const RasRank* r : ranks) {
    const auto it = beyond.find(r->rank);
    if (it == beyond.end()) {
      standing.behind.push_back(r->rank);
      continue;
    }
    const auto best =
        std::max_element(it->second.begin(), it->second.end(),
                         [&](const std::string& a, const std::string& b) { return popular[a] < popular[b]; });
    standing.ahead.push_back({r->rank, *best, r->Launched()});
  }
  for (const auto& [function, count] : popular) {
    absl::StrAppend(&standing.text, standing.text.empty() ? "" : "; ", Groups(function, ranks));
  }
  return standing;
}

}  // namespace rankle::import
