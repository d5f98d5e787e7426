// Plan files: the YAML tree -> faults as written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/plan/raw_fault.h"

namespace rankle::plan {

struct RawPlan {
  std::optional<uint64_t> seed;
  std::vector<RawFault> faults;
};

// Errors begin with "name:line: ".
absl::StatusOr<RawPlan> ParsePlanYaml(std::string_view text, std::string_view name);

}  // namespace rankle::plan
