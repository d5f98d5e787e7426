#include "detectors/checks/comm_shared_by_threads.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/checks/thread_starts.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

bool IsOperation(const Call& call) {
  return call.api && call.api->library == Library::kNccl &&
         (IsCommunication(*call.api) || call.api->kind == Kind::kCommSplit) && call.At(call.api->at.comm);
}

// An operation that a thread makes, on a communicator as the starting function knows it.
struct Operation {
  const ThreadStart* start;
  Call call;
  const clang::Expr* comm;  // in terms of the function that starts the thread
};

class CommSharedByThreads : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-comm-shared-by-threads",
                                     "two threads use one communicator at once", "concurrency_error",
                                     "hang/mismatch", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    const std::vector<ThreadStart> starts = ThreadStartsOf(function);
    if (starts.empty()) return;
    std::vector<Operation> operations;
    for (const ThreadStart& start : starts) {
      if (start.lambda) InLambda(function, start, operations);
      if (start.callee) InCallee(function, start, operations);
    }
    for (const Operation& operation : operations) {
      if (operation.start->repeated && IsSame(function, operation))
        report.Add(operation.call, std::string(operation.call.api->name) +
                                       " in several threads on one communicator: nothing keeps them apart");
    }
    TwoThreads(function, operations, report);
    ThreadAndStarter(function, operations, report);
  }

 private:
  static void InLambda(const FunctionView& function, const ThreadStart& start,
                       std::vector<Operation>& operations) {
    const tooling::FunctionBody& body = function.body();
    const int lambda = body.Find(start.lambda);
    if (lambda < 0 || Locks(body, lambda, body.end(lambda))) return;
    for (const Call& call : function.calls()) {
      if (IsOperation(call) && body.Inside(call.node, lambda))
        operations.push_back({&start, call, Resolve(call.At(call.api->at.comm), body)});
    }
  }

  static void InCallee(const FunctionView& function, const ThreadStart& start,
                       std::vector<Operation>& operations) {
    const clang::FunctionDecl* definition = nullptr;
    if (!start.callee->hasBody(definition)) return;
    const FunctionView callee(function.unit(), std::make_shared<const tooling::FunctionBody>(*definition));
    if (Locks(callee.body(), 0, callee.body().size())) return;
    for (const Call& call : callee.calls()) {
      if (!IsOperation(call) || call.lambda >= 0) continue;
      const auto* parameter = dyn_cast_or_null<clang::ParmVarDecl>(VariableOf(call.At(call.api->at.comm)));
      const unsigned at = parameter ? parameter->getFunctionScopeIndex() : ~0U;
      Call started = call;
      started.expr =
          llvm::cast<clang::Expr>(&function.body().stmt(start.node));  // where the threads are in sight
      if (at < start.arguments.size())
        operations.push_back({&start, started, Resolve(start.arguments[at], function.body())});
    }
  }

  // A lock of any kind: whether it is the right one is not asked.
  static bool Locks(const tooling::FunctionBody& body, int begin, int end) {
    for (int i = begin; i < end; ++i) {
      const auto* construction = dyn_cast<clang::CXXConstructExpr>(&body.stmt(i));
      if (construction) {
        const std::string type = absl::AsciiStrToLower(construction->getType().getAsString());
        const bool lock = absl::StrContains(type, "lock") || absl::StrContains(type, "guard");
        if (lock && !IsOwn(*construction, body.stmt(begin))) return true;
      }
      const auto* member = dyn_cast<clang::MemberExpr>(&body.stmt(i));
      if (member &&
          absl::StrContains(absl::AsciiStrToLower(member->getMemberDecl()->getNameAsString()), "lock"))
        return true;
    }
    return false;
  }

  // The mutex is declared in what the thread runs: another one for each thread.
  static bool IsOwn(const clang::CXXConstructExpr& lock, const clang::Stmt& around) {
    const clang::VarDecl* mutex = lock.getNumArgs() > 0 ? VariableOf(lock.getArg(0)) : nullptr;
    return mutex && mutex->isLocalVarDecl() && !mutex->isStaticLocal() &&
           around.getBeginLoc() < mutex->getLocation() && mutex->getLocation() < around.getEndLoc();
  }

  // One communicator for all threads of a loop: no name in it is of the loop, or of the thread.
  static bool IsSame(const FunctionView& function, const Operation& operation) {
    const tooling::FunctionBody& body = function.body();
    const int loop = RealLoop(function, operation.start->node);
    return loop >= 0 && !Varies(*operation.comm, body, loop, operation.start->node);
  }

  static bool Varies(const clang::Stmt& expression, const tooling::FunctionBody& body, int loop, int start) {
    if (const auto* reference = dyn_cast<clang::DeclRefExpr>(&expression)) {
      const auto* variable = dyn_cast<clang::VarDecl>(reference->getDecl());
      if (!variable) return false;
      for (int i = loop; i < body.end(loop); ++i) {
        if (const auto* declaration = dyn_cast<clang::DeclStmt>(&body.stmt(i))) {
          for (const clang::Decl* decl : declaration->decls()) {
            if (decl == variable) return true;
          }
        }
        const auto* used = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
        // What starts the thread takes copies, though by reference.
        if (used && used->getDecl() == variable && !body.Inside(i, start) && MayWrite(body, i)) return true;
      }
      // A loop's own variable that is not in the list (of a range-for), a parameter of the lambda.
      const clang::SourceLocation at = variable->getLocation();
      return at.isValid() && body.stmt(loop).getBeginLoc() < at && at < body.stmt(loop).getEndLoc();
    }
    if (llvm::isa<clang::CallExpr>(expression) &&
        !llvm::isa<clang::CXXOperatorCallExpr, clang::CXXMemberCallExpr>(expression))
      return true;  // what a function gives may be another each time
    for (const clang::Stmt* child : expression.children()) {
      if (child && Varies(*child, body, loop, start)) return true;
    }
    return false;
  }

  // Can both be reached: not on the two sides of one choice?
  static void TwoThreads(const FunctionView& function, const std::vector<Operation>& operations,
                         Reporter& report) {
    const tooling::FunctionBody& body = function.body();
    std::vector<const clang::Expr*> reported;
    for (const Operation& second : operations) {
      for (const Operation& first : operations) {
        if (first.start->node >= second.start->node || RealLoop(function, first.start->node) >= 0) continue;
        if (Canonical(first.comm) != Canonical(second.comm) ||
            OnOtherSide(body, first.start->node, second.start->node) ||
            JoinedBetween(function, body.end(first.start->node), second.start->node))
          continue;
        if (std::find(reported.begin(), reported.end(), second.call.expr) != reported.end()) continue;
        reported.push_back(second.call.expr);
        report
            .Add(second.call, std::string(second.call.api->name) +
                                  " on a communicator that another thread uses, too: "
                                  "nothing keeps them apart")
            .Note(first.call.expr->getBeginLoc(), "used in the first thread here");
      }
    }
  }

  static void ThreadAndStarter(const FunctionView& function, const std::vector<Operation>& operations,
                               Reporter& report) {
    const tooling::FunctionBody& body = function.body();
    for (const Call& call : function.calls()) {
      if (!IsOperation(call) || call.lambda >= 0) continue;
      const std::string comm = Canonical(Resolve(call.At(call.api->at.comm), body));
      const auto first = std::find_if(operations.begin(), operations.end(), [&](const Operation& operation) {
        return body.end(operation.start->node) <= call.node && Canonical(operation.comm) == comm &&
               body.Lambda(operation.start->node) < 0 &&
               !OnOtherSide(body, operation.start->node, call.node) &&
               !JoinedBetween(function, body.end(operation.start->node), call.node) &&
               !EndsBefore(function, *operation.start, call.node);
      });
      if (first == operations.end()) continue;
      report
          .Add(call, std::string(call.api->name) +
                         " on a communicator that the thread started before uses, too: nothing "
                         "keeps them apart")
          .Note(first->call.expr->getBeginLoc(), "used in the thread here");
    }
  }

  // The variable that waits in its destructor is gone, or the result was never kept.
  static bool EndsBefore(const FunctionView& function, const ThreadStart& start, int node) {
    const tooling::FunctionBody& body = function.body();
    int block = body.nodes()[start.node].parent;
    while (block >= 0 && !llvm::isa<clang::CompoundStmt>(body.stmt(block)))
      block = body.nodes()[block].parent;
    return block < 0 || !body.Inside(node, block)
               ? block >= 0
               : !tooling::ResultUsed(body, start.node) &&
                     llvm::isa<clang::CallExpr>(body.stmt(start.node)) &&
                     !llvm::isa<clang::CXXMemberCallExpr>(body.stmt(start.node));
  }

  static bool OnOtherSide(const tooling::FunctionBody& body, int a, int b) {
    for (int at = body.nodes()[a].parent; at >= 0; at = body.nodes()[at].parent) {
      const auto* branch = dyn_cast<clang::IfStmt>(&body.stmt(at));
      if (!branch || !branch->getElse() || !body.Inside(b, at)) continue;
      const int other = body.Find(branch->getElse(), at);
      if (other >= 0 && (a < other) != (b < other)) return true;
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<Check> MakeCommSharedByThreads() { return std::make_unique<CommSharedByThreads>(); }

}  // namespace rankle::lint
