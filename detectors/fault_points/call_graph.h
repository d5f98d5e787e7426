// Who calls whom, by USR, and what follows from it: effects of callees are effects of their callers. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "detectors/fault_points/point.h"

namespace rankle::points {

class CallGraph {
 public:
  explicit CallGraph(const std::vector<Function>& functions);

  // What the function does, itself or through what it calls. A call into nowhere (no body in any unit) may do
  // anything.
  Effects Reached(const std::string& usr) const;
  // `effects` with those of its calls.
  Effects WithCalls(const Effects& effects) const;
  // The functions that call one of these, at any distance, and these themselves.
  std::vector<bool> Callers(std::vector<bool> marked) const;
  int Index(const std::string& usr) const;  // -1: no body in any unit

 private:
  void Propagate();

  std::map<std::string, int> index_;
  std::vector<std::vector<int>> callers_;               // of each function
  std::vector<Effects> effects_;                        // with those of callees
  std::map<std::string, std::vector<int>> overriders_;  // USR of a virtual method -> those that override it
};

}  // namespace rankle::points
