// The period of a sequence of operations: how many of them make one iteration of a training loop. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankle::localize {

// The smallest period with which the sequence repeats itself nearly everywhere (extra operations of
// checkpoints and evaluations may interrupt it), 0 = it has none. Of a long sequence the end counts, because
// the beginning warms up.
size_t FindPeriod(const std::vector<uint64_t>& signatures);

}  // namespace rankle::localize
