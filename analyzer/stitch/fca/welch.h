// The published test of counts: Welch's two-sample t-test, kept for comparison (`--test welch`).
#pragma once

#include <optional>
#include <vector>

namespace rankle::stitch {

// One-sided p of "injected runs have the larger mean". None where the statistic does not exist: fewer than
// two values on a side, or no variance on either (the published code then finds nothing).
std::optional<double> WelchP(const std::vector<double>& plain, const std::vector<double>& injected);

}  // namespace rankle::stitch
