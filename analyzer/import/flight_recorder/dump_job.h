// Puts the dumps of one job together into a Store.
//
// What a dump does not hold: streams, device times, hosts, the end of the observation, operations whose
// records the ring has overwritten, and (a debugging hook dumps like that) everything that had finished. The
// store says so (streams_known, end_known...), and the analysis is careful where it matters.
#pragma once

#include <vector>

#include "analyzer/import/flight_recorder/dump.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Notes and counts already in store.quality stay.
void BuildStore(std::vector<Dump> dumps, store::Store& store);

}  // namespace rankle::import
