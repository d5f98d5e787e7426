#include "analyzer/stitch/fca/false_discovery.h"

#include <algorithm>

namespace rankle::stitch {

Discoveries ControlFalseDiscoveries(const std::vector<PValue>& comparisons, double rate) {
  Discoveries result{.q = std::vector<double>(comparisons.size(), 1.0)};
  std::vector<size_t> order;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    if (comparisons[i].least <= rate) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return comparisons[a].p < comparisons[b].p; });
  result.compared = order.size();
  double q = 1;
  for (size_t i = order.size(); i-- > 0;) {
    q = std::min(q, comparisons[order[i]].p * order.size() / (i + 1));
    result.q[order[i]] = q;
    result.found += q <= rate;
  }
  return result;
}

}  // namespace rankle::stitch
