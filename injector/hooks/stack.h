// The symbolised call stack, for plans that match on it (`stack:`). Slow; only used for functions with such a
// fault.
#pragma once

#include <cstddef>

namespace rankle::hooks {

// Function names from the innermost frame outwards, separated by ';', cut to fit.
void WriteStack(char* text, size_t size);

}  // namespace rankle::hooks
