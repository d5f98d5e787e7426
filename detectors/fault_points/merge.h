// Puts the facts of all units together and settles what needs all of them: whether loops reach I/O through
// calls, which detectors anybody asks, which branches lie on the way to a fault point. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "detectors/fault_points/point.h"

namespace rankle::points {

// A constant loop of at most so many rounds that neither waits nor reaches outside is no place of its own:
// its count never changes, and a delay in it is no other than a delay at the calls around it.
inline constexpr int64_t kShortLoop = 16;

class Merger {
 public:
  void Add(Facts unit);
  // Points in the order of file, line and column; edits of kept points only.
  Facts Finish();

 private:
  Facts all_;
  std::map<std::string, size_t> functions_;  // USR -> index
  std::set<std::string> points_;             // ids
  std::set<std::tuple<std::string, uint32_t, uint32_t, std::string, std::string>> edits_;
};

}  // namespace rankle::points
