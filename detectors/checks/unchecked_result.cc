#include "detectors/checks/unchecked_result.h"

#include <set>

#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

// As written, through each typedef down to the type itself.
bool IsResult(clang::QualType type) {
  for (int depth = 0; depth < 8 && !type.isNull(); ++depth) {  // longer chains of typedefs are not met
    if (IsResultType(tooling::TypeName(type))) return true;
    const auto* alias = type->getAs<clang::TypedefType>();
    if (!alias) return false;
    type = alias->getDecl()->getUnderlyingType();
  }
  return false;
}

// Calls whose result says nothing that could be acted on: of asking for the last error to clear it, of polls
// (they are asked again, and their answer comes through an argument), of aborts (what follows is the end).
bool MayBeDropped(const Call& call) {
  if (!call.api) return false;
  switch (call.api->kind) {
    case Kind::kErrorQuery:
    case Kind::kErrorText:
    case Kind::kAsyncError:
    case Kind::kCommAbort:
      return true;
    default:
      return false;
  }
}

// The local variable that takes the result of the call at `node`; nullptr: none.
const clang::VarDecl* TakenBy(const tooling::FunctionBody& body, int node) {
  const int parent = body.Parent(node);
  if (parent < 0) return nullptr;
  const clang::Stmt* self = &body.stmt(node);
  const clang::VarDecl* taken = nullptr;
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(&body.stmt(parent))) {
    for (const clang::Decl* decl : declaration->decls()) {
      const auto* variable = dyn_cast<clang::VarDecl>(decl);
      if (variable && variable->getInit() && Strip(variable->getInit()) == self) taken = variable;
    }
  } else if (const auto* assignment = dyn_cast<clang::BinaryOperator>(&body.stmt(parent));
             assignment && assignment->getOpcode() == clang::BO_Assign &&
             Strip(assignment->getRHS()) == self && !tooling::ResultUsed(body, parent)) {
    taken = VariableOf(assignment->getLHS());
  }
  return taken && taken->isLocalVarDecl() && !taken->hasAttr<clang::UnusedAttr>() ? taken : nullptr;
}

// Variables that are read somewhere in the function, or may be through an alias.
std::set<const clang::VarDecl*> Read(const tooling::FunctionBody& body) {
  std::set<const clang::VarDecl*> read;
  for (int i = 0; i < body.size(); ++i) {
    const auto* reference = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
    const auto* variable = reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
    if (!variable) continue;
    const int parent = body.Parent(i);
    const auto* assignment = parent < 0 ? nullptr : dyn_cast<clang::BinaryOperator>(&body.stmt(parent));
    const bool only_written = assignment && assignment->getOpcode() == clang::BO_Assign &&
                              VariableOf(assignment->getLHS()) == variable &&
                              Strip(assignment->getLHS()) == reference;
    if (!only_written) read.insert(variable);
  }
  return read;
}

class UncheckedResult : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-unchecked-result", "the result of a call is never looked at",
                                     "precondition_missing", "crash/nccl", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    const std::set<const clang::VarDecl*> read = Read(function.body());
    const bool destructor = llvm::isa<clang::CXXDestructorDecl>(function.decl());
    for (const auto* calls : {&function.calls(), &function.other_calls()}) {
      for (const Call& call : *calls) Look(function, call, read, destructor, report);
    }
  }

 private:
  static void Look(const FunctionView& function, const Call& call,
                   const std::set<const clang::VarDecl*>& read, bool destructor, Reporter& report) {
    const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
    if (!callee || !IsResult(callee->getReturnType()) || MayBeDropped(call)) return;
    const std::string name = tooling::QualifiedName(*callee);
    if (!tooling::ResultUsed(function.body(), call.node)) {
      const int parent = function.body().Parent(call.node);
      if (parent >= 0 && llvm::isa<clang::ExplicitCastExpr>(function.body().stmt(parent))) return;  // (void)
      // Nothing can be done about an error there, but nobody learns of it either.
      if (destructor) return;
      report.Add(call.expr->getSourceRange(), "the result of " + name + " is dropped");
    } else if (const clang::VarDecl* variable = TakenBy(function.body(), call.node);
               variable && !read.count(variable)) {
      report.Add(call.expr->getSourceRange(), "the result of " + name + " is kept in '" +
                                                  variable->getNameAsString() + "', which nobody reads");
    }
  }
};

}  // namespace

std::unique_ptr<Check> MakeUncheckedResult() { return std::make_unique<UncheckedResult>(); }

}  // namespace rankle::lint
