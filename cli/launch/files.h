// Small files: read whole, written whole. A regular file is written atomically (a reader sees the old or the
// new content, never a part) and keeps its mode; a symbolic link stays one, the file that it leads to is
// written; devices and FIFOs are written into, never replaced.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rankle::cli {

absl::StatusOr<std::string> ReadFile(const std::string& path);
absl::Status WriteFile(const std::string& path, std::string_view content);
// Can WriteFile write there, as far as can be known without doing it? Leaves nothing behind.
absl::Status CheckWritable(const std::string& path);
// "PATH: what failed: reason", from errno.
absl::Status FileError(int error_number, std::string_view path, std::string_view what);

}  // namespace rankle::cli
