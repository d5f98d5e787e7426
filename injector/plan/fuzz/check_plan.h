// What must hold for every plan that the parser accepts.
#pragma once

#include <cstdlib>
#include <cstring>
#include <vector>

#include "injector/plan/plan.h"

namespace rankle::plan {

inline void CheckAccepted(const Plan& plan) {
  const std::string bytes = plan.Arm(1);
  std::vector<uint64_t> words(bytes.size() / 8 + 1);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (ArmedPlan::View(words.data(), bytes.size()).size() != plan.size()) std::abort();
  Plan again;
  for (const std::string& line : plan.Describe()) {
    if (!again.AddShortForm(line).ok()) std::abort();
  }
  if (again.Describe() != plan.Describe()) std::abort();
}

}  // namespace rankle::plan
