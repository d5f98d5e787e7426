#include "analyzer/stitch/fca/welch.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace rankle::stitch {
namespace {

struct Moments {
  double n = 0, mean = 0, variance = 0;
};

Moments Of(const std::vector<double>& values) {
  Moments moments{.n = static_cast<double>(values.size())};
  // Counts are whole, so their sum is exact, and constant ones have no variance by rounding.
  moments.mean = std::accumulate(values.begin(), values.end(), 0.0) / moments.n;
  for (double value : values) {
    moments.variance += (value - moments.mean) * (value - moments.mean) / (moments.n - 1);
  }
  return moments;
}

}  // namespace

std::optional<double> WelchP(const std::vector<double>& plain, const std::vector<double>& injected) {
  if (plain.size() < 2 || injected.size() < 2) return std::nullopt;
  const Moments a = Of(plain), b = Of(injected);
  const double ea = a.variance / a.n, eb = b.variance / b.n;  // squared standard errors
  if (ea + eb == 0) return std::nullopt;
  const double t = (b.mean - a.mean) / std::sqrt(ea + eb);
  const double freedom = (ea + eb) * (ea + eb) / (ea * ea / (a.n - 1) + eb * eb / (b.n - 1));
  return cdf(complement(boost::math::students_t(freedom), t));
}

}  // namespace rankle::stitch
