#include "detectors/checks/function_view.h"

#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

// What is called: a function, or a variable or field that points to one.
const clang::NamedDecl* Named(const clang::Expr* callee) {
  callee = callee->IgnoreParenImpCasts();
  if (const auto* dereferenced = dyn_cast<clang::UnaryOperator>(callee);
      dereferenced && dereferenced->getOpcode() == clang::UO_Deref)
    callee = dereferenced->getSubExpr()->IgnoreParenImpCasts();
  if (const auto* reference = dyn_cast<clang::DeclRefExpr>(callee)) return reference->getDecl();
  if (const auto* member = dyn_cast<clang::MemberExpr>(callee)) return member->getMemberDecl();
  // With arguments that depend on a template's parameters, all overloads are still open.
  if (const auto* overloads = dyn_cast<clang::OverloadExpr>(callee);
      overloads && overloads->getNumDecls() == 1)
    return *overloads->decls_begin();
  return nullptr;
}

bool MakeCall(const clang::Stmt& stmt, Call& call) {
  if (const auto* written = dyn_cast<clang::CallExpr>(&stmt)) {
    if (llvm::isa<clang::CXXOperatorCallExpr>(written)) return false;
    call.expr = written;
    call.callee = written->getDirectCallee();
    if (!call.callee) call.callee = Named(written->getCallee());
    call.arguments.assign(written->arg_begin(), written->arg_end());
    return call.callee != nullptr;
  }
  if (const auto* broken = dyn_cast<clang::RecoveryExpr>(&stmt)) {
    const llvm::ArrayRef<const clang::Expr*> parts =
        const_cast<clang::RecoveryExpr*>(broken)->subExpressions();
    if (parts.empty() || !parts[0]) return false;
    call.expr = broken;
    call.callee = Named(parts[0]);
    if (!llvm::isa_and_nonnull<clang::FunctionDecl>(call.callee)) return false;
    call.arguments.assign(parts.begin() + 1, parts.end());
    return true;
  }
  return false;
}

}  // namespace

FunctionView::FunctionView(const UnitView& unit, const tooling::FunctionBody& body)
    : unit_(unit), body_(body) {
  for (int i = 0; i < body.size(); ++i) {
    Call call;
    if (!MakeCall(body.stmt(i), call)) continue;
    call.node = i;
    call.api = unit.ApiOf(*call.callee);
    if (call.api) {
      calls_.push_back(std::move(call));
    } else if (llvm::isa<clang::FunctionDecl>(call.callee)) {
      other_calls_.push_back(std::move(call));
    }
  }
}

}  // namespace rankle::lint
