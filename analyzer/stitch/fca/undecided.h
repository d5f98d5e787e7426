// Which evidence would probably tip with more repeats.
#pragma once

#include <cstddef>

namespace rankle::stitch {

struct Sizes {
  size_t plain = 0, injected = 0;  // runs
};

// Would a comparison that shows one-sided `p` at `now` get to at most `needed` at `then`, if its effect is
// what the runs so far say? True when that is at least as likely as one time in ten (conditional power under
// the current trend, in the normal approximation: a choice of where to spend runs, not a test).
bool IsUndecided(double p, double needed, Sizes now, Sizes then);

}  // namespace rankle::stitch
