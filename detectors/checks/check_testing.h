// For tests: findings in sources that lie in the test or in a file beside it, over the mock headers of
// corpora/detectors/mock.
#pragma once

#include <string>
#include <vector>

#include "detectors/checks/finding.h"

namespace rankle::lint {

struct CheckedSource {
  std::vector<Finding> findings;  // of all checks, in the order of the source
  int errors = 0;
  std::string first_error;
};
CheckedSource CheckSource(const std::string& text, const std::vector<std::string>& flags = {"-std=c++17"});

}  // namespace rankle::lint
