// A job out of RAS snapshots alone: communicators, processes, who does not answer, asynchronous errors, and
// who is behind where nothing moves any more. What cannot be proven becomes a doubt (store::Store::doubts).
#pragma once

#include "absl/status/status.h"
#include "analyzer/import/ras/ras_report.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Error: no snapshot tells of a communicator.
absl::Status BuildRasStore(RasRecords records, store::Store& store);

}  // namespace rankle::import
