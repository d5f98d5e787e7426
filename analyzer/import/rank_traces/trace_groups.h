// Which ranks form the group of an operation? Traces tell it in pieces: with the operation, in a list of
// groups, in another rank's list, by a size that is that of the job, or not at all but by who uses the name.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

struct TraceGroup {
  std::string name, title;
  std::vector<int32_t> ranks;  // global, ascending
  // -1: the rank is no member.
  int32_t PlaceOf(int32_t rank) const;
};

class TraceGroups {
 public:
  // The ranks of all traces are told; the job has `world_size` ranks.
  TraceGroups(const std::vector<RankTrace>& traces, int32_t world_size);

  const std::vector<TraceGroup>& groups() const { return groups_; }
  // Of an operation of a trace, by their indices; -1 = nobody can tell which ranks it has.
  int32_t Of(size_t trace, size_t operation) const { return group_of_[trace][operation]; }
  uint64_t untold() const { return untold_; }  // operations without group

 private:
  int32_t Resolve(const RankTrace& trace, const RankOperation& o);
  int32_t Number(std::string name, std::string title, std::vector<int32_t> ranks);

  const int32_t world_size_;
  std::map<std::string, std::vector<int32_t>> listed_;  // by name, as any trace lists it
  std::map<std::string, std::set<int32_t>> users_;      // by name: ranks that use it
  std::map<std::pair<std::string, std::vector<int32_t>>, int32_t> numbers_;
  std::vector<TraceGroup> groups_;
  std::vector<std::vector<int32_t>> group_of_;
  size_t members_ = 0;  // of all groups
  uint64_t untold_ = 0;
};

}  // namespace rankle::import
