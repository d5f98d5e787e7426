// Joins kernel records (tracer/cupti/format.h) with a job that was imported from flight records: operations
// whose kernels are known get their times, which the events around them only bracket. Pure.
#pragma once

#include <vector>

#include "analyzer/store/store.h"
#include "tracer/cupti/reader.h"

namespace rankle::import {

// Before the job is finished: adds the kernels, on the axis that times have then. What belongs to no known
// process is left out with a note.
void AddKernels(const std::vector<cupti::KernelRecord>& records, store::Store& store);

// In the finished store: finds the operation of each kernel (match_kernels.h), moves the operation's device
// times to those of its kernels, and says in the data quality for which ranks. Operations of a group share
// their kernels.
void ApplyKernelTimes(store::Store& store);

}  // namespace rankle::import
