// The process groups of a job, put together from what each rank says of its own. The same id names different
// groups on different ranks, so ids are resolved for every rank apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "analyzer/import/flight_recorder/dump.h"

namespace rankle::import {

struct JobGroup {
  std::string name, description;
  std::vector<int32_t> ranks;  // global ranks by place in the group
  int32_t least_size = 0;      // members, with those whose ranks nobody tells
  bool told = false;           // pg_config lists its ranks; else they are those that recorded something in it
  bool has_p2p = false;        // someone sent or received in it: pg_status then counts those, not collectives
  int64_t most_collectives = 0;  // highest collective number in anybody's records
  std::string Title() const;
  int32_t PlaceOf(int32_t rank) const;  // -1 = no member
};

class DumpGroups {
 public:
  // `ranks`: of each dump; those with -1 are passed over.
  DumpGroups(const std::vector<Dump>& dumps, const std::vector<int32_t>& ranks);

  const std::vector<JobGroup>& groups() const { return groups_; }
  // The group of an entry of a dump, -1 = cannot be told.
  int32_t OfEntry(size_t dump, const DumpEntry& entry) const;
  // The group of pg_status[index] of a dump, -1 = cannot be told.
  int32_t OfStatus(size_t dump, size_t index) const { return of_status_[dump][index]; }

 private:
  int32_t AddTold(const DumpGroup& group);
  void ResolveEntries(size_t dump);
  void ResolveStatuses(size_t dump);

  const std::vector<Dump>& dumps_;
  const std::vector<int32_t>& ranks_;
  std::vector<JobGroup> groups_;
  absl::flat_hash_map<std::string, int32_t> index_;
  std::vector<std::vector<int32_t>> of_config_, of_named_, of_status_;  // by dump
  std::vector<absl::flat_hash_map<int64_t, int32_t>> own_;  // by dump: id -> group, as its entries tell
  // The same over all dumps: one id names several groups.
  absl::flat_hash_map<int64_t, std::vector<int32_t>> groups_by_id_;
};

}  // namespace rankle::import
