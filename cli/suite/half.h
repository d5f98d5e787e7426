// The half of a matrix that a case belongs to: rules may be tuned on one and are reported on the other.
#pragma once

#include <string_view>

namespace rankle::cli {

enum class Half { kTuning, kReporting };

inline constexpr std::string_view kHalfNames[] = {"tuning", "reporting"};

// A seeded draw by the name of the case alone: no result can move a case, and new cases move no old one.
Half HalfOf(std::string_view case_name);

}  // namespace rankle::cli
