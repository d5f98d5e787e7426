// disk-limit: which directories can be limited, and how the file system that takes a directory's place is
// made.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "cli/launch/spawn.h"

namespace rankle::cli {

// Is it a directory, and not one that rankle needs itself? `output_dir`: where the records go.
absl::Status CheckDirectory(const std::string& path, const std::string& output_dir);

// Owner and mode are the directory's. The kernel rounds the size up to whole pages.
LimitedDirectory LimitedDirectoryOf(const std::string& path, uint64_t bytes);

}  // namespace rankle::cli
