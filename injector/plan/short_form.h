// The short form of a fault on the command line: `action target key=value ...`.
// Values may be lists (1,3 or [1, 3]), distributions (uniform(1ms,5ms) or {uniform: [1ms, 5ms]}), and quoted
// ('a b', "a \"b\"").
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "injector/plan/raw_fault.h"

namespace rankle::plan {

absl::StatusOr<RawFault> ParseShortForm(std::string_view text);
// A value as the short form reads it back.
std::string FormatValue(const RawValue& value);

}  // namespace rankle::plan
