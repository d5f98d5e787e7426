// Runs a tool of the system (ip, tc, ss) in a network namespace.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace rankle::cli {

inline constexpr int kOwnNamespace = -1;

// Waits for its end. An error holds what the tool said on stderr. `net_namespace`: a descriptor of one.
absl::Status RunTool(const std::vector<std::string>& words, int net_namespace = kOwnNamespace);

}  // namespace rankle::cli
