#include "analyzer/report/html/lane_choice.h"

#include <algorithm>
#include <cstdlib>

namespace rankle::html {
namespace {

// Of each kind, when not all fit: most room for who is to blame and for who suffers from it.
constexpr size_t kMostCulprits = 12, kMostVictims = 12,
                 kMostOthers = kMostLanes - kMostCulprits - kMostVictims;

std::vector<int32_t> RanksOf(const std::vector<Part>& parts, Part part) {
  std::vector<int32_t> ranks;
  for (size_t r = 0; r < parts.size(); ++r) {
    if (parts[r] == part) ranks.push_back(static_cast<int32_t>(r));
  }
  return ranks;
}

std::vector<int32_t> EvenlySpaced(const std::vector<int32_t>& ranks, size_t most) {
  if (ranks.size() <= most) return ranks;
  std::vector<int32_t> some;
  for (size_t i = 0; i < most; ++i)
    some.push_back(ranks[i * (ranks.size() - 1) / std::max<size_t>(1, most - 1)]);
  return some;
}

int32_t Distance(const std::vector<int32_t>& culprits, int32_t rank) {
  int32_t nearest = INT32_MAX;
  for (int32_t culprit : culprits) nearest = std::min(nearest, std::abs(culprit - rank));
  return nearest;
}

// Direct waiters first, then the neighbours of the culprits, which often share a host or a group with them.
std::vector<int32_t> Nearest(std::vector<int32_t> ranks, const std::vector<int32_t>& culprits,
                             std::vector<int32_t> waiters, size_t most) {
  std::sort(waiters.begin(), waiters.end());
  std::stable_sort(ranks.begin(), ranks.end(), [&](int32_t a, int32_t b) {
    const bool a_waits = std::binary_search(waiters.begin(), waiters.end(), a);
    const bool b_waits = std::binary_search(waiters.begin(), waiters.end(), b);
    return std::pair(!a_waits, Distance(culprits, a)) < std::pair(!b_waits, Distance(culprits, b));
  });
  ranks.resize(std::min(ranks.size(), most));
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

}  // namespace

std::vector<LaneGroup> ChooseLanes(const std::vector<Part>& parts, const std::vector<int32_t>& waiters) {
  std::vector<LaneGroup> groups;
  if (parts.size() <= kMostLanes) {
    LaneGroup all{"", {}, parts.size()};
    for (size_t r = 0; r < parts.size(); ++r) all.ranks.push_back(static_cast<int32_t>(r));
    groups.push_back(std::move(all));
    return groups;
  }
  std::vector<int32_t> culprits = RanksOf(parts, Part::kCulprit);
  const std::vector<int32_t> ends = RanksOf(parts, Part::kLinkEnd), victims = RanksOf(parts, Part::kVictim),
                             others = RanksOf(parts, Part::kOther);
  std::vector<int32_t> first = culprits;
  first.insert(first.end(), ends.begin(), ends.end());
  groups.push_back({"Culprits", EvenlySpaced(culprits, kMostCulprits), culprits.size()});
  groups.push_back(
      {"Ends of the named links", EvenlySpaced(ends, kMostCulprits - groups[0].ranks.size()), ends.size()});
  // Distances to so many culprits tell enough.
  first = EvenlySpaced(first, kMostCulprits);
  groups.push_back({"Held up by them", Nearest(victims, first, waiters, kMostVictims), victims.size()});
  groups.push_back({"Others", EvenlySpaced(others, kMostOthers), others.size()});
  std::erase_if(groups, [](const LaneGroup& group) { return group.ranks.empty(); });
  return groups;
}

}  // namespace rankle::html
