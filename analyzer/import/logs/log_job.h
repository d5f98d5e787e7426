// Makes a Store of what logs tell, or adds it to one. Pure.
//
// What logs do not hold: when operations finished, streams, device times, the end of the observation. The
// store says so (streams_known, end_is_observed ...), and the analysis is careful where it matters.
#pragma once

#include "absl/status/status.h"
#include "analyzer/import/logs/log_contents.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Error: the logs name neither a rank nor a failure.
absl::Status BuildStore(LogContents contents, store::Store& store);
// Adds failures and notices to a finished store of other sources. Error: nothing in the logs is about its
// ranks.
absl::Status JoinStore(const LogContents& contents, store::Store& store);

}  // namespace rankle::import
