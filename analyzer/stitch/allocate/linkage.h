// Clusters by distance: weighted average linkage (WPGMA) cut where a link is inconsistent with those below
// it, as the published allocation does with SciPy (linkage 'weighted'; fcluster criterion 'inconsistent',
// depth 2).
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace rankle::stitch {

// A number for each of `count` items, 0, 1, ... in the order of each cluster's first item. Two items or
// clusters are joined as long as no link within has an inconsistency coefficient above `threshold`.
// `distance(i, j)`, i < j, is asked for once for each pair; the memory is that of count x count numbers.
std::vector<size_t> Clusters(size_t count, const std::function<double(size_t, size_t)>& distance,
                             double threshold);

}  // namespace rankle::stitch
