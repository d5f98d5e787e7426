#include "detectors/checks/conditions.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/expressions.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

bool IsNull(const clang::Expr* expression, const clang::ASTContext& context) {
  const clang::Expr* inner = Strip(expression);
  if (isa<clang::CXXNullPtrLiteralExpr, clang::GNUNullExpr>(inner)) return true;
  if (inner->isInstantiationDependent()) return false;
  if (const auto value = IntegerOf(inner, context)) return *value == 0;
  return false;
}

// A variable that always holds the result of a comparison says what the comparison says.
const clang::Expr* Question(const clang::Expr* condition, const tooling::FunctionBody& body) {
  const clang::Expr* resolved = Strip(Resolve(condition, body));
  if (isa<clang::BinaryOperator>(resolved) || isa<clang::UnaryOperator>(resolved)) return resolved;
  return Strip(condition);
}

}  // namespace

NotZero NotZeroOf(const clang::Expr* condition, bool outcome, const clang::ASTContext& context) {
  const clang::Expr* inner = Strip(condition);
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(inner);
      unary && unary->getOpcode() == clang::UO_LNot)
    return NotZeroOf(unary->getSubExpr(), !outcome, context);
  if (const auto* call = dyn_cast<clang::CallExpr>(inner);  // of __builtin_expect, the first argument
      call && call->getNumArgs() == 2 && call->getDirectCallee() &&
      call->getDirectCallee()->getName() == "__builtin_expect")
    return NotZeroOf(call->getArg(0), outcome, context);
  const auto* binary = dyn_cast<clang::BinaryOperator>(inner);
  if (!binary || binary->isAssignmentOp()) return {inner, outcome};
  if (!binary->isEqualityOp()) return {};
  const bool negated = binary->getOpcode() == clang::BO_EQ;
  if (IsNull(binary->getRHS(), context)) return {Strip(binary->getLHS()), outcome != negated};
  if (IsNull(binary->getLHS(), context)) return {Strip(binary->getRHS()), outcome != negated};
  return {};
}

Fact FactOf(const clang::Expr* condition, bool outcome, const tooling::FunctionBody& body,
            const clang::ASTContext& context) {
  const clang::Expr* question = Question(condition, body);
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(question);
      unary && unary->getOpcode() == clang::UO_LNot)
    return FactOf(unary->getSubExpr(), !outcome, body, context);
  if (const NotZero not_zero = NotZeroOf(question, outcome, context); not_zero.value) {
    if (not_zero.value != question) return FactOf(not_zero.value, not_zero.outcome, body, context);
    return {Canonical(question), outcome};
  }
  const auto* binary = dyn_cast<clang::BinaryOperator>(question);
  if (!binary) return {Canonical(question), outcome};
  std::string left = Canonical(binary->getLHS()), right = Canonical(binary->getRHS());
  switch (binary->getOpcode()) {
    case clang::BO_EQ:
    case clang::BO_NE:
      if (right < left) std::swap(left, right);
      return {left + "==" + right, outcome == (binary->getOpcode() == clang::BO_EQ)};
    case clang::BO_LT:
      return {right + ">" + left, outcome};
    case clang::BO_GT:
      return {left + ">" + right, outcome};
    case clang::BO_LE:
      return {left + ">" + right, !outcome};
    case clang::BO_GE:
      return {right + ">" + left, !outcome};
    default:
      return {Canonical(question), outcome};
  }
}

}  // namespace rankle::lint
