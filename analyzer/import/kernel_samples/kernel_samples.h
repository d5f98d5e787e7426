// Reads kernel.json (tracer/kernel/kernel_record.h): what the kernel told of the ranks and links of a job.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "analyzer/store/store.h"

namespace rankle::import {

bool LooksLikeKernelSamples(const std::string& first_bytes);
// Adds to what is there (of other nodes). An error names the file and leaves the store as it was.
absl::Status AddKernelSamples(const std::string& text, const std::string& name, store::Store& store);

}  // namespace rankle::import
