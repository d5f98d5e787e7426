// The action churn: which ranks are away when. The supervisor, which starts the ranks, ends them and starts
// them again.
#pragma once

#include <cstdint>

#include "injector/plan/armed_plan.h"

namespace rankle::cli {

class Churn {
 public:
  // The plan may be empty, and outlives this.
  explicit Churn(const plan::ArmedPlan& plan);
  bool is_empty() const { return plan_ == nullptr; }
  // `at_ns` since the start of the job.
  bool IsAway(int rank, uint64_t at_ns) const;
  // When somebody leaves or comes back next; host::kNever = nobody does any more.
  uint64_t NextChange(uint64_t at_ns) const;

 private:
  const plan::ArmedPlan* plan_ = nullptr;  // null: no rank ever leaves
};

}  // namespace rankle::cli
