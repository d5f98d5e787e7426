// Coalesced groups in a dump (batch_isend_irecv, coalesced collectives): several entries with one sequence
// number, closed by an entry "nccl:coalesced" that alone carries their state.
#pragma once

#include "analyzer/import/flight_recorder/dump.h"

namespace rankle::import {

// Gives the entries of each group the state of its end and a number in DumpEntry::coalesced, and drops the
// end where it is not all that is left. Of coalesced collectives, which are one launch, the first stays. A
// group without an end was not launched, or had finished when only unfinished entries were written: its
// entries become `is_open`.
void ResolveCoalesced(Dump& dump);

}  // namespace rankle::import
