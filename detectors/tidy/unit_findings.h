// The findings of all checks in the unit that clang-tidy is at: made once, whichever of its checks asks
// first.
#pragma once

#include <memory>
#include <vector>

#include "detectors/checks/check.h"
#include "detectors/checks/finding.h"

namespace clang {
class ASTContext;
}  // namespace clang

namespace rankle::lint {

class UnitFindings {
 public:
  const std::vector<Finding>& Of(clang::ASTContext& context);
  // The unit ends: another may be at the same address.
  void Forget() { context_ = nullptr; }

 private:
  const clang::ASTContext* context_ = nullptr;
  std::vector<Finding> findings_;
};

}  // namespace rankle::lint
