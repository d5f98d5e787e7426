#include "cli/hosts/churn.h"

#include <algorithm>

#include "injector/host/ranks.h"
#include "injector/host/schedule.h"

namespace rankle::cli {

Churn::Churn(const plan::ArmedPlan& plan) {
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan.fault(i).action == plan::Action::kChurn) plan_ = &plan;
  }
}

bool Churn::IsAway(int rank, uint64_t at_ns) const {
  for (size_t i = 0; plan_ != nullptr && i < plan_->size(); ++i) {
    const plan::ArmedFault& fault = plan_->fault(i);
    if (fault.action == plan::Action::kChurn && host::Names(fault.rank, rank) && host::IsOn(fault, at_ns))
      return true;
  }
  return false;
}

uint64_t Churn::NextChange(uint64_t at_ns) const {
  uint64_t next = host::kNever;
  for (size_t i = 0; plan_ != nullptr && i < plan_->size(); ++i) {
    if (plan_->fault(i).action == plan::Action::kChurn)
      next = std::min(next, host::NextChange(plan_->fault(i), at_ns));
  }
  return next;
}

}  // namespace rankle::cli
