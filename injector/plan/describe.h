// The text of `rankle faults list|show|check`: pure functions, the command line prints what they return.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rankle::plan {

// `rankle faults list`: one line an action.
std::string ListFaults();
// `rankle faults show NAME`: everything the catalogue knows about one action.
absl::StatusOr<std::string> ShowFault(std::string_view name);
// `rankle faults check FILE`: what the plan would do, one fault a line. `name`: the file, for messages.
absl::StatusOr<std::string> CheckPlan(std::string_view text, std::string_view name);
// The table of docs/fault-plans.md.
std::string CatalogueMarkdown();

}  // namespace rankle::plan
