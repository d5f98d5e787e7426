// What a test on discrete data says: its p-value, and the least p-value that the same values could have given
// had they fallen to the two sides in the most telling way. The least one does not depend on which runs were
// injected, so comparisons may be left out by it before false discoveries are controlled (false_discovery.h).
#pragma once

namespace rankle::stitch {

struct PValue {
  double p = 1;
  double least = 1;
};

}  // namespace rankle::stitch
