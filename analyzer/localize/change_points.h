// Where does a series change its level? Binary segmentation by the largest rank sum: one extreme value counts
// as one, whatever its size, so pauses and outliers make no change point. How surprising a split is, is
// measured on the series itself by permuting blocks of it; a block is as long as values depend on each other
// (on a busy machine slow values come in bursts). Deterministic. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace rankle::localize {

struct ChangePoint {
  size_t at = 0;  // the first value of the new level
  double p = 1;   // probability that a series without a change has a split this good
};

struct ChangeSettings {
  // Shorter levels are not looked for: a stretch of ten tells its median to about a third of the spread of
  // single values.
  size_t shortest = 10;
  double p = 0.01;  // a split less certain than this is none
};

// Change points in order of place.
std::vector<ChangePoint> FindChangePoints(const std::vector<double>& values, const ChangeSettings& settings);

}  // namespace rankle::localize
