// Puts the profiles of one job together into a Store. A rank is a device of a process: a file may hold one
// process, or all of a node.
//
// What they do not hold: what was unfinished, how the job ended, what lies outside of the profiled window.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "analyzer/import/nsys/nsys_profile.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Fills an empty store and finishes it. Notes and counts already in store.quality stay. Error: no kernel of
// NCCL in any profile.
absl::Status BuildNsysStore(const std::vector<NsysProfile>& profiles, store::Store& store);

}  // namespace rankle::import
