#include "detectors/checks/function_view.h"

#include <algorithm>

#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/group_paths.h"

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
      overloads && overloads->getNumDecls() > 0) {
    const clang::NamedDecl* first = *overloads->decls_begin();
    const auto* pattern = dyn_cast<clang::FunctionTemplateDecl>(first);
    return pattern ? pattern->getTemplatedDecl() : first;
  }
  return nullptr;
}

bool MakeCall(const clang::Stmt& stmt, Call& call) {
  if (const auto* written = dyn_cast<clang::CallExpr>(&stmt)) {
    // `f()` of an object, as of a lambda, is one; `a + b` is none.
    const auto* symbol = dyn_cast<clang::CXXOperatorCallExpr>(written);
    if (symbol && symbol->getOperator() != clang::OO_Call) return false;
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

FunctionView::FunctionView(const UnitView& unit, std::shared_ptr<const tooling::FunctionBody> shared)
    : unit_(unit), body_(std::move(shared)) {
  const tooling::FunctionBody& body = *body_;
  lambdas_.push_back(-1);
  for (int i = 0; i < body.size(); ++i) {
    if (llvm::isa<clang::LambdaExpr>(body.stmt(i))) lambdas_.push_back(i);
    Call call;
    if (!MakeCall(body.stmt(i), call)) continue;
    call.node = i;
    call.lambda = body.Lambda(i);
    call.api = unit.ApiOf(*call.callee);
    if (call.api) {
      calls_.push_back(std::move(call));
    } else if (llvm::isa<clang::FunctionDecl>(call.callee)) {
      other_calls_.push_back(std::move(call));
    }
  }
}

const Call* FunctionView::CallAt(int node) const {
  for (const std::vector<Call>* calls : {&calls_, &other_calls_}) {
    const auto it = std::lower_bound(calls->begin(), calls->end(), node,
                                     [](const Call& call, int wanted) { return call.node < wanted; });
    if (it != calls->end() && it->node == node) return &*it;
  }
  return nullptr;
}

const Flow* FunctionView::FlowOf(int lambda) const {
  const auto [it, fresh] = flows_.try_emplace(lambda);
  const Timings::Scope timed(unit_.timings(), "control flow");
  if (fresh) it->second = Flow::Of(unit_.context(), *body_, lambda);
  return it->second ? &*it->second : nullptr;
}

const GroupPaths* FunctionView::Groups(int lambda) const {
  const auto [it, fresh] = groups_.try_emplace(lambda);
  if (fresh) {
    const Timings::Scope timed(unit_.timings(), "groups");
    if (auto paths = FollowGroups(*this, lambda, unit_.summaries()))
      it->second = std::make_shared<const GroupPaths>(*std::move(paths));
  }
  return it->second.get();
}

}  // namespace rankle::lint
