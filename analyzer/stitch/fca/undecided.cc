#include "analyzer/stitch/fca/undecided.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace rankle::stitch {
namespace {

constexpr double kLeastPower = 0.2;

double Z(double p) { return quantile(complement(boost::math::normal(), std::clamp(p, 1e-300, 1 - 1e-15))); }

double Information(Sizes sizes) { return 1 / (1.0 / sizes.plain + 1.0 / sizes.injected); }

}  // namespace

bool IsUndecided(double p, double needed, Sizes now, Sizes then) {
  if (p >= 0.5 || now.plain == 0 || now.injected == 0 || needed <= 0) return false;
  const double growth = Information(then) / Information(now);
  if (growth <= 1) return false;
  const double power =
      cdf(boost::math::normal(), (Z(p) * std::sqrt(growth) - Z(needed)) / std::sqrt(1 - 1 / growth));
  return power >= kLeastPower;
}

}  // namespace rankle::stitch
