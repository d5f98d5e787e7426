// Finds the program that a command means, with the two answers a shell gives when it cannot be run.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rankle::cli {

// A name with a slash is taken as it is; others are looked up in `search_path` ("a:b", an empty part is the
// current directory). NotFound when there is no such file (exit code 127), PermissionDenied when it cannot be
// executed (126).
absl::StatusOr<std::string> FindCommand(std::string_view name, std::string_view search_path);

// 127 or 126 for the errors of FindCommand.
int CommandErrorExitCode(const absl::Status& error);

}  // namespace rankle::cli
