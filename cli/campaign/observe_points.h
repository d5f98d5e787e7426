// From the points records of an instrumented program (rankle instrument) to rows of an observation: each
// point is a site, the two functions around it are its call site.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/stitch/observation.h"
#include "cli/campaign/point_list.h"
#include "tracer/points/points_record.h"

namespace rankle::cli {

// The role of a process that is nobody's rank.
inline constexpr char kHelperRole[] = "helper";

// What the records tell besides rows.
struct PointsSeen {
  std::map<uint64_t, uint64_t> fired;  // by point: faults that were carried out there
  size_t processes = 0;                // that left a record
  size_t unknown = 0;                  // points on record that no list knows
  uint64_t lost = 0;                   // points and signatures for which a record had no room
  std::vector<std::string> damaged;    // records that cannot be read, and why
  std::vector<std::string> Notes() const;
};

// Adds the rows of one process, and what its numbers mean. Pure.
//
// hits: of a loop its iterations, else how often the point was reached. Signatures: of a loop each ordered
// list of branch outcomes and points of an iteration; of a detector its answers; of a throw whether it was
// thrown. What an error call returned is not on record. Parents: of a loop the innermost one in whose
// iterations it ran, also through calls; the busiest of several.
void AddPoints(const points_record::PointsRecord& record, const std::string& role, const PointList& list,
               stitch::RunObservation& run, stitch::Names& names, PointsSeen& seen);

// All points records of a directory. `roles`: by pid; a process that is not in it is a helper.
PointsSeen ObservePoints(const std::string& directory, const std::map<int64_t, std::string>& roles,
                         const PointList& list, stitch::RunObservation& run, stitch::Names& names);

}  // namespace rankle::cli
