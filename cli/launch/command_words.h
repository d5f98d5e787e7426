// Commands as suite and campaign files write them: with variables, and with programs named as seen from the
// source tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::cli {

// Replaces ${NAME}; `lookup` returns nullptr for a variable that is not set, which is an error.
absl::StatusOr<std::string> ExpandVariables(std::string_view text, const char* (*lookup)(const char*));

// The words with variables of the environment replaced (${RANKLE_PREFIX}: where this rankle is installed,
// ${RANKLE_CORPORA}: its corpora) and a relative program found: in the current directory, then beside this
// rankle, then in its bin/. Errors: a variable that is not set, no such program.
absl::StatusOr<std::vector<std::string>> ResolveCommand(const std::vector<std::string>& words);

}  // namespace rankle::cli
