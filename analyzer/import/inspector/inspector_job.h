// Puts the Inspector files of one job together into a Store: one file a process. Collectives are matched by
// communicator, function and number, never by their place in a file.
//
// What they do not hold: anything unfinished, so no hang; and in most files no times, only durations. Then an
// operation is put before the earliest dump that has it, all ranks leaving it together: good for who came
// last, meaningless for anything else (store: durations_known without device_times).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "analyzer/import/inspector/inspector_log.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Error: no record can be used.
absl::Status BuildInspectorStore(std::vector<InspectorLog> logs, store::Store& store);

}  // namespace rankle::import
