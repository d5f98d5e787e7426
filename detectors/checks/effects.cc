#include "detectors/checks/effects.h"

#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/expressions.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

bool ConcernsComm(const Api& api) {
  return api.library == Library::kNccl &&
         (IsCommunication(api) || api.kind == Kind::kCommDestroy || api.kind == Kind::kCommAbort);
}

// In terms of the function that calls: what an argument or the object stands for.
Origin ForCaller(const Origin& origin, const Call& call, const clang::FunctionDecl& function) {
  if (origin.parameter == Origin::kNowhere) return {};
  Origin outer;
  if (origin.parameter >= 0) {
    outer = OriginOf(call.At(static_cast<int8_t>(origin.parameter)), function);
  } else if (const clang::Expr* object = ObjectOf(call)) {
    outer = OriginOf(object, function);
  }
  outer.part |= origin.part;
  return outer;
}

}  // namespace

Origin OriginOf(const clang::Expr* expression, const clang::FunctionDecl& function) {
  Origin origin;
  for (expression = expression ? Strip(expression) : nullptr; expression;) {
    if (llvm::isa<clang::CXXThisExpr>(expression)) {
      origin.parameter = Origin::kObject;
      return origin;
    }
    if (const auto* member = dyn_cast<clang::MemberExpr>(expression)) {
      origin.part = true;
      expression = Strip(member->getBase());
    } else if (const auto* element = dyn_cast<clang::ArraySubscriptExpr>(expression)) {
      origin.part = true;
      expression = Strip(element->getBase());
    } else {
      const auto* parameter = llvm::dyn_cast_or_null<clang::ParmVarDecl>(VariableOf(expression));
      if (!parameter || parameter->getDeclContext() != &function) return {};
      origin.parameter = static_cast<int>(parameter->getFunctionScopeIndex());
      return origin;
    }
  }
  return {};
}

const clang::Expr* ObjectOf(const Call& call) {
  const auto* method = dyn_cast<clang::CXXMemberCallExpr>(call.expr);
  return method ? method->getImplicitObjectArgument() : nullptr;
}

std::vector<Effect> EffectsOf(const Call& call, const FunctionSummary* callee,
                              const clang::FunctionDecl& function) {
  std::vector<Effect> effects;
  const auto add = [&](Effect effect) {
    if (effect.comm.parameter != Origin::kNowhere) effects.push_back(std::move(effect));
  };
  if (call.api) {
    const Arguments& at = call.api->at;
    if (ConcernsComm(*call.api))
      add({std::string(call.api->name), OriginOf(call.At(at.comm), function),
           OriginOf(call.At(at.stream), function)});
  } else if (callee) {
    for (const Effect& effect : callee->effects)
      add({effect.api, ForCaller(effect.comm, call, function), ForCaller(effect.stream, call, function)});
  }
  return effects;
}

}  // namespace rankle::lint
