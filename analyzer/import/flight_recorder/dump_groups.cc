#include "analyzer/import/flight_recorder/dump_groups.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::import {
namespace {

constexpr absl::string_view kSeparator("\0", 1);

// Groups are made in the same order as their ids are counted up. Where names are numbers, they count too.
std::vector<size_t> OrderOfCreation(const Dump& dump) {
  std::vector<int64_t> numbers;
  for (const DumpGroup& group : dump.groups) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(group.name, &number)) return {};
    numbers.push_back(number);
  }
  std::vector<size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return numbers[a] < numbers[b]; });
  return order;
}

}  // namespace

std::string JobGroup::Title() const {
  if (description.empty() || description == "undefined") return absl::StrCat("group ", name);
  return description == name ? name : absl::StrCat(description, "(", name, ")");
}

int32_t JobGroup::PlaceOf(int32_t rank) const {
  // Groups list their ranks in ascending order nearly always.
  const auto near = std::lower_bound(ranks.begin(), ranks.end(), rank);
  const auto it = near != ranks.end() && *near == rank ? near : std::find(ranks.begin(), ranks.end(), rank);
  return it == ranks.end() ? -1 : static_cast<int32_t>(it - ranks.begin());
}

DumpGroups::DumpGroups(const std::vector<Dump>& dumps, const std::vector<int32_t>& ranks)
    : dumps_(dumps), ranks_(ranks) {
  of_config_.resize(dumps.size()), of_named_.resize(dumps.size()), of_status_.resize(dumps.size());
  own_.resize(dumps.size());
  for (size_t d = 0; d < dumps.size(); ++d) {
    if (ranks[d] < 0) continue;
    for (const DumpGroup& group : dumps[d].groups) of_config_[d].push_back(AddTold(group));
  }
  for (size_t d = 0; d < dumps.size(); ++d) {
    if (ranks[d] >= 0) ResolveEntries(d);
  }
  for (JobGroup& group : groups_) {
    if (group.told) continue;
    std::sort(group.ranks.begin(), group.ranks.end());
    group.ranks.erase(std::unique(group.ranks.begin(), group.ranks.end()), group.ranks.end());
  }
  for (size_t d = 0; d < dumps.size(); ++d) ResolveStatuses(d);
}

int32_t DumpGroups::AddTold(const DumpGroup& group) {
  if (group.ranks.empty()) return -1;
  const std::string key = absl::StrCat(group.name, kSeparator, absl::StrJoin(group.ranks, ","));
  const auto [it, added] = index_.try_emplace(key, static_cast<int32_t>(groups_.size()));
  if (added) {
    JobGroup& made = groups_.emplace_back();
    made.name = group.name, made.description = group.description, made.ranks = group.ranks, made.told = true;
    made.least_size = group.least_size;
  }
  return it->second;
}

void DumpGroups::ResolveEntries(size_t d) {
  const Dump& dump = dumps_[d];
  for (const DumpGroup& named : dump.named) {
    int32_t found = -1;
    for (size_t g = 0; g < dump.groups.size(); ++g) {
      // pg_config keeps one of several groups of a name: the description tells whether it is this one.
      const bool same = dump.groups[g].name == named.name &&
                        (named.description.empty() || dump.groups[g].description.empty() ||
                         dump.groups[g].description == named.description);
      if (same) found = of_config_[d][g];
    }
    if (found < 0) {
      const std::string key = absl::StrCat(named.name, kSeparator, named.description, kSeparator, "untold");
      const auto [it, added] = index_.try_emplace(key, static_cast<int32_t>(groups_.size()));
      if (added) groups_.emplace_back().name = named.name, groups_.back().description = named.description;
      found = it->second;
      groups_[found].ranks.push_back(ranks_[d]);
    }
    of_named_[d].push_back(found);
  }
  for (const DumpEntry& entry : dump.entries) {
    const int32_t g = OfEntry(d, entry);
    if (g < 0) continue;
    groups_[g].has_p2p = groups_[g].has_p2p || entry.p2p;
    groups_[g].most_collectives = std::max(groups_[g].most_collectives, entry.collective_seq);
    own_[d].try_emplace(entry.group_id, g);
  }
  for (const auto& [id, g] : own_[d]) {
    std::vector<int32_t>& same_id = groups_by_id_[id];
    if (std::find(same_id.begin(), same_id.end(), g) == same_id.end()) same_id.push_back(g);
  }
}

int32_t DumpGroups::OfEntry(size_t dump, const DumpEntry& entry) const {
  return entry.group < 0 ? -1 : of_named_[dump][entry.group];
}

void DumpGroups::ResolveStatuses(size_t d) {
  const Dump& dump = dumps_[d];
  std::vector<int32_t>& resolved = of_status_[d];
  resolved.assign(dump.statuses.size(), -1);
  if (ranks_[d] < 0) return;
  const absl::flat_hash_map<int64_t, int32_t>& own = own_[d];
  const std::vector<size_t> order = OrderOfCreation(dump);
  bool in_order = order.size() == dump.statuses.size();
  for (size_t s = 0; s < dump.statuses.size() && in_order; ++s) {
    const auto it = own.find(dump.statuses[s].group_id);
    in_order = it == own.end() || it->second == of_config_[d][order[s]];
  }
  for (size_t s = 0; s < dump.statuses.size(); ++s) {
    const int64_t id = dump.statuses[s].group_id;
    if (const auto it = own.find(id); it != own.end()) {
      resolved[s] = it->second;
    } else if (in_order) {
      resolved[s] = of_config_[d][order[s]];
    } else if (const auto peers = groups_by_id_.find(id); peers != groups_by_id_.end()) {
      // Ranks that share a group mostly count alike; two such groups would be a guess.
      int matches = 0;
      for (const int32_t g : peers->second) {
        if (groups_[g].PlaceOf(ranks_[d]) >= 0) ++matches, resolved[s] = g;
      }
      if (matches != 1) resolved[s] = -1;
    }
  }
}

}  // namespace rankle::import
