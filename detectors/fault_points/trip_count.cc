#include "detectors/fault_points/trip_count.h"

#include <optional>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;

namespace {

std::optional<int64_t> Constant(const clang::Expr* expression, const clang::ASTContext& context) {
  clang::Expr::EvalResult result;
  if (!expression || expression->isValueDependent() || !expression->EvaluateAsInt(result, context))
    return std::nullopt;
  return result.Val.getInt().getExtValue();
}

const clang::VarDecl* Variable(const clang::Expr* expression) {
  const auto* reference =
      expression ? dyn_cast<clang::DeclRefExpr>(expression->IgnoreParenImpCasts()) : nullptr;
  return reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
}

// +1, -1, or the constant that is added.
std::optional<int64_t> Step(const clang::Expr* increment, const clang::VarDecl* variable,
                            const clang::ASTContext& context) {
  if (!increment) return std::nullopt;
  const clang::Expr* plain = increment->IgnoreParenImpCasts();
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(plain)) {
    if (!unary->isIncrementDecrementOp() || Variable(unary->getSubExpr()) != variable) return std::nullopt;
    return unary->isIncrementOp() ? 1 : -1;
  }
  const auto* binary = dyn_cast<clang::BinaryOperator>(plain);
  if (!binary || Variable(binary->getLHS()) != variable) return std::nullopt;
  if (binary->getOpcode() == clang::BO_AddAssign) return Constant(binary->getRHS(), context);
  if (binary->getOpcode() != clang::BO_SubAssign) return std::nullopt;
  const auto step = Constant(binary->getRHS(), context);
  return step ? std::optional<int64_t>(-*step) : std::nullopt;
}

int64_t CountedTrips(const clang::ForStmt& loop, const clang::ASTContext& context) {
  const auto* declaration = dyn_cast_or_null<clang::DeclStmt>(loop.getInit());
  const auto* variable = declaration && declaration->isSingleDecl()
                             ? dyn_cast<clang::VarDecl>(declaration->getSingleDecl())
                             : nullptr;
  const auto* comparison =
      loop.getCond() ? dyn_cast<clang::BinaryOperator>(loop.getCond()->IgnoreParenImpCasts()) : nullptr;
  if (!variable || !comparison || Variable(comparison->getLHS()) != variable) return -1;
  const auto first = Constant(variable->getInit(), context);
  const auto bound = Constant(comparison->getRHS(), context);
  const auto step = Step(loop.getInc(), variable, context);
  if (!first || !bound || !step || *step == 0) return -1;
  const int64_t distance = *step > 0 ? *bound - *first : *first - *bound;
  const int64_t stride = *step > 0 ? *step : -*step;
  switch (comparison->getOpcode()) {
    case clang::BO_LT:
    case clang::BO_GT:
    case clang::BO_NE:
      return distance <= 0 ? 0 : (distance + stride - 1) / stride;
    case clang::BO_LE:
    case clang::BO_GE:
      return distance < 0 ? 0 : distance / stride + 1;
    default:
      return -1;
  }
}

int64_t RangeTrips(const clang::CXXForRangeStmt& loop, const clang::ASTContext& context) {
  const clang::Expr* range = loop.getRangeInit();
  if (!range || range->isTypeDependent()) return -1;
  if (const auto* array = context.getAsConstantArrayType(range->getType()))
    return static_cast<int64_t>(array->getSize().getZExtValue());
  const clang::Expr* plain = range->IgnoreImplicit();
  if (const auto* list = dyn_cast<clang::CXXStdInitializerListExpr>(plain))
    plain = list->getSubExpr()->IgnoreImplicit();
  if (const auto* list = dyn_cast<clang::InitListExpr>(plain)) return list->getNumInits();
  const auto* record =
      dyn_cast_or_null<clang::ClassTemplateSpecializationDecl>(range->getType()->getAsCXXRecordDecl());
  if (record && QualifiedName(*record) == "std::array" && record->getTemplateArgs().size() == 2 &&
      record->getTemplateArgs()[1].getKind() == clang::TemplateArgument::Integral)
    return record->getTemplateArgs()[1].getAsIntegral().getExtValue();
  return -1;
}

}  // namespace

int64_t ConstantTrips(const clang::Stmt& loop, const clang::ASTContext& context) {
  if (const auto* counted = dyn_cast<clang::ForStmt>(&loop)) return CountedTrips(*counted, context);
  if (const auto* range = dyn_cast<clang::CXXForRangeStmt>(&loop)) return RangeTrips(*range, context);
  return -1;
}

}  // namespace rankle::points
