// For tests: fault points of sources that lie in the test or in a file beside it.
#pragma once

#include <string>
#include <vector>

#include "detectors/fault_points/point.h"

namespace rankle::points {

// Of one unit or several, parsed in this process and merged. Names may have folders ("sub/a.h").
struct TestFile {
  std::string name, text;
};
Facts FactsOf(const std::vector<TestFile>& files, const std::vector<std::string>& flags = {});

std::vector<Point> Kept(const Facts& facts, Kind kind);

}  // namespace rankle::points
