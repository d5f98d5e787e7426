#include "detectors/checks/blocking_call_in_group.h"

#include "clang/AST/Decl.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/group_paths.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {
namespace {

class BlockingCallInGroup : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-blocking-call-in-group", "the host waits while a group is open",
                                     "distributed_communication_error", "misuse/blocking-call-in-group",
                                     Severity::kError};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    for (const int lambda : function.Lambdas()) {
      const GroupPaths* paths = function.Groups(lambda);
      if (!paths) continue;
      for (const auto& [node, depth] : paths->depth) {
        const Call* call = function.CallAt(node);
        if (depth.most == 0 || !call) continue;
        const std::string waits = Waits(function, *call);
        if (waits.empty()) continue;
        const std::string name = call->callee->getNameAsString();
        std::string message = name + " keeps the host waiting";
        if (waits != name && !call->api) message += " (in " + waits + ")";
        Reporter::Added added =
            report.Add(*call, message + " while a group is open, before anything of the group is launched");
        // What was launched before the group can be waited for.
        if (!depth.queued) added.Advice();
        for (const int opener : depth.openers) {
          const Call* opened = function.CallAt(opener);
          if (opened) added.Note(opened->expr->getBeginLoc(), "the group is opened here");
        }
      }
    }
  }

 private:
  // NCCL's own calls know about groups.
  static std::string Waits(const FunctionView& function, const Call& call) {
    if (call.api)
      return call.api->blocks && call.api->library != Library::kNccl ? std::string(call.api->name) : "";
    const auto* callee = llvm::dyn_cast<clang::FunctionDecl>(call.callee);
    return callee ? function.unit().summaries().Of(*callee).waits : "";
  }
};

}  // namespace

std::unique_ptr<Check> MakeBlockingCallInGroup() { return std::make_unique<BlockingCallInGroup>(); }

}  // namespace rankle::lint
