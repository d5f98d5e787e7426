// Are injected runs' counts larger? The exact one-sided rank-sum (Mann-Whitney-Wilcoxon) permutation test
// with midranks: it holds for any distribution, for ties and for constant counts, and one outlier cannot
// decide it.
#pragma once

#include <vector>

#include "analyzer/stitch/fca/p_value.h"

namespace rankle::stitch {

// Both sides need a value, else p = 1. Exact up to 200 values together, above by the normal approximation
// with ties, which by then agrees to a few per cent of p.
PValue RankSum(const std::vector<double>& plain, const std::vector<double>& injected);

}  // namespace rankle::stitch
