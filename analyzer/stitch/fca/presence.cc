#include "analyzer/stitch/fca/presence.h"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>

namespace rankle::stitch {

PValue Presence(size_t plain_with, size_t plain, size_t injected_with, size_t injected) {
  const auto with = static_cast<unsigned>(plain_with + injected_with);
  const auto all = static_cast<unsigned>(plain + injected);
  if (plain == 0 || injected == 0 || with == 0 || with == all) return {};
  const boost::math::hypergeometric_distribution<> of_injected(with, static_cast<unsigned>(injected), all);
  const auto at_least = [&](size_t count) {
    // The distribution starts where more of those with it than there are plain runs must be injected ones.
    const unsigned first = with > plain ? with - static_cast<unsigned>(plain) : 0;
    if (count <= first) return 1.0;
    return cdf(complement(of_injected, static_cast<unsigned>(count - 1)));
  };
  return {at_least(injected_with), at_least(std::min<size_t>(with, injected))};
}

}  // namespace rankle::stitch
