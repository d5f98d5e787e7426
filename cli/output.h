// Where the result of a subcommand goes: a file given with -o, else standard output.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rankle::cli {

// `path` empty or "-": standard output.
absl::Status WriteOutput(const std::string& path, std::string_view content);

}  // namespace rankle::cli
