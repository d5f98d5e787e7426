// Joins transport records (tracer/transport/format.h) with a job that was imported from flight records: both
// sides of a link become one row, ranks become the job's, times move to its axis. Pure.
#pragma once

#include <vector>

#include "analyzer/store/store.h"
#include "tracer/transport/reader.h"

namespace rankle::import {

// Adds the transfers to a finished store. NCCL and the hooks name communicators differently: they are matched
// by process, place, size and time of creation, operations as match_operations.h says. What matches nothing
// is left out; of links with a note.
void AddTransfers(const std::vector<transport::TransportRecord>& records, store::Store& store);

}  // namespace rankle::import
