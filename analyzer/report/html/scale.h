// Axes and colour steps.
#pragma once

#include <string>
#include <vector>

namespace rankle::html {

// Values `begin` to `end` on pixels `from` to `to`; what lies outside is moved to the border.
struct Scale {
  double begin = 0, end = 1;
  double from = 0, to = 1;
  double operator()(double value) const;
};

struct Tick {
  double value = 0;
  std::string label;
};
// At most `most` round values in [begin, end]; labels are places in time ("12.35 s") with the digits that
// tell them apart.
std::vector<Tick> TimeTicks(double begin, double end, int most);

// Colour steps 0 (nothing) to kColours - 1 (the most): classes h0 to h7 of the style sheet, whose brightness
// falls or rises evenly, so that they can be told apart without seeing hues.
inline constexpr int kColours = 8;
// Of `value` on a scale on which `top` is the most; equal parts of it, so an eighth of the top is nothing
// yet.
int ColourOf(double value, double top);

}  // namespace rankle::html
