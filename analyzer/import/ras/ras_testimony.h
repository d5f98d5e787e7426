// RAS beside other records of the job: what it says of peers that are dead, do not answer or report an error
// becomes notices. Nothing that the records say themselves is changed. Pure.
#pragma once

#include "absl/status/status.h"
#include "analyzer/import/ras/ras_report.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Error: nothing in it belongs to the job, or it says nothing that matters.
absl::Status JoinRas(const RasRecords& records, store::Store& store);

}  // namespace rankle::import
