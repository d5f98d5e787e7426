// Writes a synthetic job as the flight records that its processes would have left, through the real writer.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tests/synthetic_job/job.h"

namespace rankle::synthetic {

// One flight-*.rkl a rank in `directory`, which must exist; 8 ranks share a host, and each host has a clock
// of its own. Healthy and slow jobs have ended well; in the others everybody is alive and waits. Every file
// is mapped while the job is made: the address space must hold all records (64 B each), main memory need not.
// Returns how many records there are.
absl::StatusOr<uint64_t> WriteFlightRecords(const JobSpec& spec, const std::string& directory);

}  // namespace rankle::synthetic
