// Traces of calls begin when somebody starts the recorder, which need not be at the same operation on all
// ranks. Then the n-th collective of one trace is not the n-th of another. Two things can tell: frameworks
// number the collectives of a group, and the calls agree under one shift only. But ranks may number
// differently (by other operations of the group), so a shift is believed only where the calls fit better with
// it than in plain order: what differs in plain order may be what is wrong with the job. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/import/rank_traces/shared_operation.h"

namespace rankle::import {

using WindowOfCalls = std::vector<SharedOperation>;  // collectives of one group in one trace, without times

// How many collectives of the group lie before the first one of each trace and after that of the trace that
// begins first; 0 for traces without calls.
std::vector<uint32_t> WindowBegins(const std::vector<WindowOfCalls>& traces);

}  // namespace rankle::import
