// Draws by the name of a case alone: no result can move a case, and new cases move no old one.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cli/suite/suite.h"

namespace rankle::cli {

// Rules may be tuned on one half of a matrix and are reported on the other.
enum class Half { kTuning, kReporting };

inline constexpr std::string_view kHalfNames[] = {"tuning", "reporting"};

Half HalfOf(std::string_view case_name);

// Keeps `count` cases in their order, always the same ones of the same cases; 0 keeps all.
void KeepSample(std::vector<SuiteCase>& cases, size_t count);

}  // namespace rankle::cli
