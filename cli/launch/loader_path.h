// Paths for LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH: the dynamic loader takes their values apart at blanks,
// colons and semicolons, and silently goes on without what it then does not find.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rankle::cli {

// Does the loader take this path as one?
bool IsLoaderPath(std::string_view path);

// The path itself, or where the loader would take it apart a symbolic link to it, OUTPUT_DIR/NAME. An error
// where the output directory is no better.
absl::StatusOr<std::string> LoaderPath(const std::string& path, const std::string& output_dir,
                                       std::string_view name);

}  // namespace rankle::cli
