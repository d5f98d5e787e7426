#include "detectors/tidy/unit_findings.h"

#include "detectors/checks/run_checks.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

const std::vector<Finding>& UnitFindings::Of(clang::ASTContext& context) {
  if (context_ == &context) return findings_;
  // clang-tidy itself knows whose files findings are wanted in (--header-filter, --system-headers).
  UnitView unit(context, [](const std::string& /*file*/) { return true; });
  findings_ = RunChecks(unit, AllChecks());
  context_ = &context;
  return findings_;
}

}  // namespace rankle::lint
