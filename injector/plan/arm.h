// One fault as written -> one armed fault: every check that a plan must pass before a job starts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/raw_fault.h"
#include "injector/plan/string_pool.h"

namespace rankle::plan {

// Errors begin with the place of the offending text. The name is left empty when the fault has none.
absl::StatusOr<ArmedFault> ArmFault(const RawFault& raw, StringPool& pool);

// Armed fault -> the text that AddShortForm reads back; `default_name` is left out.
std::string ShortForm(const ArmedFault& fault, const std::string& pool, std::string_view default_name);

// Names stand in files, commands and records: letters, digits, `.`, `_`, `-`.
absl::Status CheckFaultName(std::string_view name);

}  // namespace rankle::plan
