#include "analyzer/report/html/scale.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace rankle::html {

double Scale::operator()(double value) const {
  if (end <= begin) return from;
  return from + (to - from) * std::clamp((value - begin) / (end - begin), 0.0, 1.0);
}

std::vector<Tick> TimeTicks(double begin, double end, int most) {
  std::vector<Tick> ticks;
  if (!(end > begin) || most < 1) return ticks;
  const double exact = (end - begin) / most;
  double step = std::pow(10, std::floor(std::log10(exact)));
  for (double round : {1.0, 2.0, 5.0, 10.0}) {
    if (round * step >= exact) {
      step *= round;
      break;
    }
  }
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
  for (double i = std::ceil(begin / step - 1e-9); i * step <= end * (1 + 1e-12); ++i)
    // + 0.0: ceil gives -0 where the axis begins at 0
    ticks.push_back({i * step, absl::StrFormat("%.*f s", digits, i * step + 0.0)});
  return ticks;
}

int ColourOf(double value, double top) {
  if (!(value > 0) || !(top > 0)) return 0;
  return std::clamp(static_cast<int>(value / top * kColours), 0, kColours - 1);
}

}  // namespace rankle::html
