#include "detectors/checks/group_unbalanced.h"

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/group_paths.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {
namespace {

std::string NameOf(const Call& call) { return call.callee->getNameAsString(); }

class GroupUnbalanced : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-group-unbalanced",
                                     "a path leaves a group open, or ends one too many", "api_misuse",
                                     "misuse/group-unbalanced", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    for (const int lambda : function.Lambdas()) {
      const GroupPaths* paths = function.Groups(lambda);
      if (!paths) continue;
      for (const GroupLeak& leak : paths->leaks) {
        const Call* opener = function.CallAt(leak.opener);
        if (!opener) continue;  // an object that opens: its destructor closes
        const char* how = leak.exception ? "an exception leaves the function with this group open"
                          : leak.failure ? "where a call fails, the function returns with this group open"
                                         : "a path leaves the function with this group open";
        Reporter::Added added = report.Add(*opener, std::string(how) +
                                                        ": what follows in this thread is queued "
                                                        "and never launched");
        if (leak.failure) added.Advice();
        if (leak.left_at) added.Note(leak.left_at->getBeginLoc(), "it leaves here");
      }
      for (const int end : paths->extra_ends) {
        const Call* call = function.CallAt(end);
        if (call) report.Add(*call, NameOf(*call) + " ends a group that is not open on every path");
      }
    }
  }
};

}  // namespace

std::unique_ptr<Check> MakeGroupUnbalanced() { return std::make_unique<GroupUnbalanced>(); }

}  // namespace rankle::lint
