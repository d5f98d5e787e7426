#include "detectors/fault_points/branches.h"

#include "clang/AST/Attr.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "clang/Lex/Lexer.h"
#include "detectors/fault_points/api_table.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

struct Branch {
  const char* form = nullptr;
  const clang::Expr* condition = nullptr;
  clang::SourceLocation place = {};  // of the word or sign that makes it a branch
  int outcomes = 2;
};

Branch AsBranch(const clang::Stmt& stmt) {
  if (const auto* branch = dyn_cast<clang::IfStmt>(&stmt)) {
    if (branch->isConstexpr() || branch->isConsteval()) return {};
    return {"if", branch->getCond(), branch->getIfLoc()};
  }
  if (const auto* choice = dyn_cast<clang::SwitchStmt>(&stmt)) {
    int cases = 1;  // none of them
    for (const clang::SwitchCase* at = choice->getSwitchCaseList(); at; at = at->getNextSwitchCase()) {
      if (isa<clang::CaseStmt>(at)) ++cases;
    }
    return {"switch", choice->getCond(), choice->getSwitchLoc(), cases};
  }
  if (const auto* choice = dyn_cast<clang::ConditionalOperator>(&stmt))
    return {"conditional", choice->getCond(), choice->getQuestionLoc()};
  if (const auto* both = dyn_cast<clang::BinaryOperator>(&stmt)) {
    if (both->getOpcode() == clang::BO_LAnd) return {"and", both->getLHS(), both->getOperatorLoc()};
    if (both->getOpcode() == clang::BO_LOr) return {"or", both->getLHS(), both->getOperatorLoc()};
  }
  return {};
}

bool IsConstant(const clang::Expr& condition, clang::ASTContext& context) {
  if (condition.isValueDependent()) return false;
  clang::Expr::EvalResult result;
  return condition.EvaluateAsRValue(result, context) && !result.HasSideEffects;
}

const clang::VarDecl* ConditionVariable(const clang::Stmt& stmt) {
  if (const auto* branch = dyn_cast<clang::IfStmt>(&stmt)) return branch->getConditionVariable();
  if (const auto* choice = dyn_cast<clang::SwitchStmt>(&stmt)) return choice->getConditionVariable();
  return nullptr;
}

// In `if (auto x = f())` the outcome is noted after the declaration: `if (auto x = f(); Branch(id, x))`.
std::string EditDeclaredCondition(Unit& unit, const clang::Stmt& stmt, const clang::VarDecl& variable,
                                  const std::string& id) {
  const auto* branch = dyn_cast<clang::IfStmt>(&stmt);
  if (!branch) return "the switch declares a variable";
  if (branch->getInit()) return "the condition has an initialiser and declares a variable";
  if (!unit.context().getLangOpts().CPlusPlus17) return "a condition that declares a variable wants C++17";
  const auto range = unit.WrittenAt(variable.getSourceRange());
  if (!range) return "the condition is in the body of macro " + unit.Macro(variable.getSourceRange());
  unit.Wrap(*range, "",
            "; ::rankle_points::Branch(" + IdLiteral(id) + ", static_cast<bool>(" +
                variable.getNameAsString() + "))",
            id);
  return "";
}

std::string EditCondition(Unit& unit, const clang::Stmt& stmt, const clang::Expr& condition,
                          const std::string& id) {
  std::string why_not;
  const auto written = FindWrittenCondition(unit, condition, why_not);
  if (!written) return why_not;
  if (!unit.Claim(written->range, written->expression->getBeginLoc()))
    return "the macro uses its argument several times";
  if (isa<clang::SwitchStmt>(stmt)) {
    const clang::QualType type = written->expression->IgnoreImpCasts()->getType();
    if (type->isDependentType() || !type->isIntegralOrEnumerationType())
      return "the value of the switch is of no integral type, or of a template's";
    unit.Wrap(written->range, "::rankle_points::Case(" + IdLiteral(id) + ", (", "))", id);
  } else {
    unit.Wrap(written->range,
              std::string("::rankle_points::Branch") + (written->negated ? "Not(" : "(") + IdLiteral(id) +
                  ", static_cast<bool>(",
              "))", id);
  }
  return "";
}

// Without nvcc's own macros __device__ and __global__ are empty, and their words, which may stand before what
// clang takes for the beginning, are what is left.
bool IsWrittenForDevice(Unit& unit, const clang::FunctionDecl& function) {
  const auto [file, begin] = unit.sources().getDecomposedExpansionLoc(function.getBeginLoc());
  const auto [name_file, name] = unit.sources().getDecomposedExpansionLoc(function.getLocation());
  if (file != name_file || name < begin) return false;
  const llvm::StringRef text = unit.sources().getBufferData(file);
  const llvm::StringRef before = text.take_front(begin);
  const size_t previous = before.find_last_of(";{}#");  // the end of the declaration before
  const llvm::StringRef head = text.slice(previous == llvm::StringRef::npos ? 0 : previous, name);
  return head.contains("__device__") || head.contains("__global__");
}

}  // namespace

std::optional<WrittenCondition> FindWrittenCondition(Unit& unit, const clang::Expr& condition,
                                                     std::string& why_not) {
  WrittenCondition found{.range = {}, .negated = false, .expression = &condition};
  for (;;) {
    if (const auto range = unit.WrittenAt(found.expression->getSourceRange())) {
      found.range = *range;
      return found;
    }
    const clang::Expr* inner = found.expression->IgnoreParenImpCasts();
    const auto* unary = dyn_cast<clang::UnaryOperator>(inner);
    if (unary && unary->getOpcode() == clang::UO_LNot) {
      found.negated = !found.negated;
      inner = unary->getSubExpr();
    } else if (const auto* call = dyn_cast<clang::CallExpr>(inner);
               call && call->getBuiltinCallee() == clang::Builtin::BI__builtin_expect &&
               call->getNumArgs() == 2) {
      inner = call->getArg(0);  // unlikely(x)
    } else if (inner == found.expression) {
      why_not = "the condition is in the body of macro " + unit.Macro(condition.getSourceRange());
      return std::nullopt;
    }
    found.expression = inner;
  }
}

const char* Untouchable(Unit& unit, const clang::FunctionDecl& function) {
  if (!unit.context().getLangOpts().CPlusPlus) return "C source";
  if (function.isConstexpr()) return "constexpr function";
  if (function.hasAttr<clang::CUDADeviceAttr>() || function.hasAttr<clang::CUDAGlobalAttr>())
    return "device code";
  if (IsWrittenForDevice(unit, function)) return "device code";
  if (isa_and_nonnull<clang::CoroutineBodyStmt>(function.getBody())) return "coroutine";
  return nullptr;
}

BranchIds FindBranches(Unit& unit, const FunctionBody& body) {
  BranchIds ids;
  const char* untouchable = Untouchable(unit, body.function());
  for (int i = 0; i < body.size(); ++i) {
    const Branch branch = AsBranch(body.stmt(i));
    if (!branch.form || !branch.condition || IsConstant(*branch.condition, unit.context())) continue;
    const clang::VarDecl* variable = ConditionVariable(body.stmt(i));
    Point point;
    const clang::SourceRange range =
        variable ? variable->getSourceRange() : branch.condition->getSourceRange();
    if (!unit.Describe(Kind::kBranch, body.function(), range, point)) continue;
    point.what = branch.form;
    point.macro = unit.Macro({branch.place, branch.place});
    if (IsAssertionMacro(point.macro)) point.dropped = "assertion";
    point.outcomes = branch.outcomes;
    if (untouchable) {
      point.not_instrumented = untouchable;
    } else if (variable) {
      point.not_instrumented = EditDeclaredCondition(unit, body.stmt(i), *variable, point.id);
    } else if (branch.condition->getType()->isVectorType()) {
      point.not_instrumented = "the condition is a vector";
    } else {
      point.not_instrumented = EditCondition(unit, body.stmt(i), *branch.condition, point.id);
    }
    ids[&body.stmt(i)] = point.id;
    unit.facts().points.push_back(std::move(point));
  }
  return ids;
}

}  // namespace rankle::points
