#include "detectors/fault_points/error_calls.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "clang/AST/ExprCXX.h"
#include "detectors/fault_points/branches.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;

namespace {

struct Error {
  Family family = Family::kNone;
  std::string value;
};

// As written, through each typedef down to the type itself: `using Result = ncclResult_t`.
const ErrorType* TypeOfErrors(clang::QualType type) {
  for (int depth = 0; depth < 8; ++depth) {  // longer chains of typedefs are not met
    if (const ErrorType* known = FindErrorType(TypeName(type))) return known;
    const auto* alias = type->getAs<clang::TypedefType>();
    if (!alias) return nullptr;
    type = alias->getDecl()->getUnderlyingType();
  }
  return nullptr;
}

// `x < 0`, `x == -1` and their opposites: how errno-style results are looked at.
bool ComparesWithError(const clang::BinaryOperator& comparison, const clang::ASTContext& context) {
  if (!comparison.isComparisonOp()) return false;
  const clang::Expr* right = comparison.getRHS()->IgnoreParenImpCasts();
  clang::Expr::EvalResult value;
  if (right->isValueDependent() || !right->EvaluateAsInt(value, context)) return false;
  const int64_t number = value.Val.getInt().getExtValue();
  const auto op = comparison.getOpcode();
  if (number == 0) return op == clang::BO_LT || op == clang::BO_GE;
  return number == -1 &&
         (op == clang::BO_EQ || op == clang::BO_NE || op == clang::BO_LE || op == clang::BO_GT);
}

const clang::VarDecl* VariableOf(const clang::Expr* expression) {
  const auto* reference = dyn_cast<clang::DeclRefExpr>(expression->IgnoreParenImpCasts());
  return reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
}

// The variable that takes the call's answer.
const clang::VarDecl* TakenBy(const FunctionBody& body, int call) {
  const int parent = body.Parent(call);
  if (parent < 0) return nullptr;
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(&body.stmt(parent))) {
    for (const clang::Decl* decl : declaration->decls()) {
      const auto* variable = dyn_cast<clang::VarDecl>(decl);
      if (!variable || !variable->getInit()) continue;
      if (variable->getInit()->IgnoreParenImpCasts() ==
          llvm::cast<clang::Expr>(body.stmt(call)).IgnoreParenImpCasts())
        return variable;
    }
  }
  const auto* assignment = dyn_cast<clang::BinaryOperator>(&body.stmt(parent));
  return assignment && assignment->getOpcode() == clang::BO_Assign ? VariableOf(assignment->getLHS())
                                                                   : nullptr;
}

bool ComparedAsErrno(Unit& unit, const FunctionBody& body, int call) {
  const int parent = body.Parent(call);
  if (parent >= 0) {
    const auto* comparison = dyn_cast<clang::BinaryOperator>(&body.stmt(parent));
    if (comparison && ComparesWithError(*comparison, unit.context())) return true;
  }
  const clang::VarDecl* variable = TakenBy(body, call);
  if (!variable) return false;
  for (int i = 0; i < body.size(); ++i) {
    const auto* comparison = dyn_cast<clang::BinaryOperator>(&body.stmt(i));
    if (!comparison || !ComparesWithError(*comparison, unit.context())) continue;
    // `(rv = read()) < 0` compares the assignment.
    const clang::Expr* left = comparison->getLHS()->IgnoreParenImpCasts();
    if (const auto* inner = dyn_cast<clang::BinaryOperator>(left); inner && inner->isAssignmentOp())
      left = inner->getLHS();
    if (VariableOf(left) == variable) return true;
  }
  return false;
}

bool TakesErrorCode(const clang::FunctionDecl& function) {
  return std::any_of(function.param_begin(), function.param_end(), [](const clang::ParmVarDecl* parameter) {
    const clang::QualType type = parameter->getType();
    if (!type->isLValueReferenceType() || type.getNonReferenceType().isConstQualified()) return false;
    const ErrorType* known = FindErrorType(TypeName(type.getNonReferenceType()));
    return known && known->family == Family::kErrorCode;
  });
}

// Bool functions that fail, told by the verb that their name begins with.
bool CanFailByName(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  static constexpr std::string_view kVerbs[] = {"try",      "connect", "open",    "send",   "recv", "receive",
                                                "read",     "write",   "load",    "save",   "init", "start",
                                                "flush",    "parse",   "acquire", "create", "lock", "join",
                                                "register", "submit",  "push",    "enqueue"};
  return std::any_of(std::begin(kVerbs), std::end(kVerbs),
                     [&](std::string_view verb) { return lower.substr(0, verb.size()) == verb; });
}

Error ErrorOf(Unit& unit, const FunctionBody& body, int node, const Callee& callee) {
  const clang::QualType type = callee.function->getReturnType();
  if (const ErrorType* known = TypeOfErrors(type)) {
    const bool better = callee.api && callee.api->family == known->family && !callee.api->value.empty();
    return {known->family, std::string(better ? callee.api->value : known->value)};
  }
  if (TakesErrorCode(*callee.function)) return {Family::kErrorCodeOut, ""};
  if (callee.api) {
    // What NCCL and CUDA return besides their codes are names and versions.
    const bool by_type = callee.api->family == Family::kNccl || callee.api->family == Family::kCuda;
    return by_type ? Error{} : Error{callee.api->family, std::string(callee.api->value)};
  }
  if (callee.name.starts_with("std::") || callee.name.starts_with("__gnu")) return {};
  if (type->isSignedIntegerType() && !type->isEnumeralType() && ComparedAsErrno(unit, body, node))
    return {Family::kErrno, "-1"};
  if (type->isBooleanType() && !Written(*callee.function).isDefined() &&
      CanFailByName(callee.function->getNameAsString()))
    return {Family::kBool, "false"};
  return {};
}

std::string WhyDropped(const FunctionBody& body, int node, Family family, const Point& point) {
  if (family != Family::kErrorCodeOut && !ResultUsed(body, node)) return "its answer is not used";
  if (IsAssertionMacro(point.macro)) return "assertion";
  return "";
}

std::string EditCall(Unit& unit, const clang::CallExpr& call, Family family, const Point& point) {
  if (family == Family::kErrorCodeOut) return "the error comes through an argument";
  if (point.value.empty()) return "no recipe for an error of this type";
  if (!call.isPRValue()) return "it returns a reference";
  const auto range = unit.WrittenAt(call.getSourceRange());
  if (!range) return "it is in the body of macro " + unit.Macro(call.getSourceRange());
  if (!unit.Claim(*range, call.getBeginLoc())) return "the macro uses its argument several times";
  unit.Wrap(*range, "(::rankle_points::Fails(" + IdLiteral(point.id) + ") ? " + point.value + " : ", ")",
            point.id);
  return "";
}

}  // namespace

void FindErrorCalls(Unit& unit, const FunctionBody& body) {
  const char* untouchable = Untouchable(unit, body.function());
  for (int i = 0; i < body.size(); ++i) {
    const auto* call = dyn_cast<clang::CallExpr>(&body.stmt(i));
    if (!call || llvm::isa<clang::CXXOperatorCallExpr>(call)) continue;
    Callee callee;
    if (!FindCallee(unit, *call, callee) || !callee.function) continue;
    const Error error = ErrorOf(unit, body, i, callee);
    if (error.family == Family::kNone) continue;
    Point point;
    if (!unit.Describe(Kind::kErrorCall, body.function(), call->getSourceRange(), point)) continue;
    point.what = callee.name;
    point.family = FamilyName(error.family);
    point.value = error.value;
    if (callee.user) point.callee = StableUsr(*callee.function);
    point.dropped = WhyDropped(body, i, error.family, point);
    point.not_instrumented = untouchable ? untouchable : EditCall(unit, *call, error.family, point);
    unit.facts().points.push_back(std::move(point));
  }
}

}  // namespace rankle::points
