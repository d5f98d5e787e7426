// Small files: read whole, written whole and atomically (a reader sees the old or the new content, never a
// part).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rankle::cli {

absl::StatusOr<std::string> ReadFile(const std::string& path);
absl::Status WriteFileAtomically(const std::string& path, std::string_view content);
// "PATH: what failed: reason", from errno.
absl::Status FileError(int error_number, std::string_view path, std::string_view what);

}  // namespace rankle::cli
