// The list of checks: the only place that knows all of them.
#include "detectors/checks/blocking_call_in_group.h"
#include "detectors/checks/check.h"
#include "detectors/checks/conditional_zero_count.h"
#include "detectors/checks/count_in_bytes.h"
#include "detectors/checks/datatype_mismatch.h"
#include "detectors/checks/group_unbalanced.h"
#include "detectors/checks/multi_device_not_grouped.h"
#include "detectors/checks/p2p_not_grouped.h"
#include "detectors/checks/rank_dependent_collective.h"
#include "detectors/checks/rank_dependent_count.h"
#include "detectors/checks/unchecked_result.h"

namespace rankle::lint {

std::vector<std::unique_ptr<Check>> AllChecks() {
  std::vector<std::unique_ptr<Check>> all;
  all.push_back(MakeCountInBytes());
  all.push_back(MakeUncheckedResult());
  all.push_back(MakeGroupUnbalanced());
  all.push_back(MakeBlockingCallInGroup());
  all.push_back(MakeP2pNotGrouped());
  all.push_back(MakeMultiDeviceNotGrouped());
  all.push_back(MakeRankDependentCollective());
  all.push_back(MakeConditionalZeroCount());
  all.push_back(MakeDatatypeMismatch());
  all.push_back(MakeRankDependentCount());
  return all;
}

}  // namespace rankle::lint
