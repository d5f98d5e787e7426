// Findings that are known and accepted: those of a baseline file are told apart from new ones. They are
// compared by identity (check, function, words of the code), so lines may shift. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "detectors/checks/finding.h"

namespace rankle::lint {

// As text of a file (JSON, one finding a line, in an order that makes small diffs). Paths below `root` are
// written relative to it.
std::string BaselineText(const std::vector<Finding>& findings, const std::string& root);

// The identities in it. Error: no baseline. `name` is for the message.
absl::StatusOr<std::set<std::string>> ParseBaseline(const std::string& text, const std::string& name);

}  // namespace rankle::lint
