// What can be said where ranks wait directly for a rank that left no record. Whoever else looks guilty may
// only be a further victim, or one of several culprits, and a list of culprits that may lack one is a wrong
// list. So the answer is one stall of kind kNoRecord that tells what is known.
#pragma once

#include <vector>

#include "analyzer/localize/left_behind.h"
#include "analyzer/localize/wait_graph.h"

namespace rankle::localize {

// Replaces `stalls` where that is so. Waits of ranks that their own device holds up do not count.
void YieldToUnseen(const store::Store& store, const std::vector<Wait>& waits,
                   const std::vector<LeftBehind>& behind, std::vector<Stall>& stalls);

}  // namespace rankle::localize
