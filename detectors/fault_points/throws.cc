#include "detectors/fault_points/throws.h"

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/fault_points/api_table.h"
#include "detectors/fault_points/guards.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

bool IsOrInherits(const clang::CXXRecordDecl& record, int depth = 0) {
  if (IsProgrammerError(QualifiedName(record))) return true;
  const clang::CXXRecordDecl* definition = record.getDefinition();
  if (!definition || depth > 16) return false;  // deeper than any hierarchy of exceptions
  for (const clang::CXXBaseSpecifier& base : definition->bases()) {
    const clang::CXXRecordDecl* parent = base.getType()->getAsCXXRecordDecl();
    if (parent && IsOrInherits(*parent, depth + 1)) return true;
  }
  return false;
}

// `catch (E& e) { throw e; }`, with or without a copy.
bool RethrowsCaught(const clang::CXXThrowExpr& thrown) {
  const clang::Expr* operand = thrown.getSubExpr()->IgnoreImplicit();
  while (const auto* copy = dyn_cast<clang::CXXConstructExpr>(operand)) {
    if (copy->getNumArgs() != 1) break;
    operand = copy->getArg(0)->IgnoreImplicit();
  }
  const auto* reference = dyn_cast<clang::DeclRefExpr>(operand->IgnoreParenImpCasts());
  const auto* variable = reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
  return variable && variable->isExceptionVariable();
}

std::string WhyDropped(const clang::CXXThrowExpr& thrown, const Point& point) {
  if (RethrowsCaught(thrown)) return "rethrows what was caught";
  if (IsAssertionMacro(point.macro)) return "assertion";
  const clang::CXXRecordDecl* record = thrown.getSubExpr()->getType()->getAsCXXRecordDecl();
  if (record && IsOrInherits(*record)) return "reports a programmer's mistake";
  return "";
}

// Lets the guard take the outcome that leads here.
std::string EditGuard(Unit& unit, const Guard& guard, const std::string& id) {
  if (!guard.branch) return "no branch decides over it";
  if (isa<clang::SwitchStmt>(guard.branch)) return "a switch decides over it";
  if (const auto* branch = dyn_cast<clang::IfStmt>(guard.branch)) {
    if (branch->getConditionVariable()) return "the branch that decides over it declares a variable";
    if (branch->isConstexpr()) return "a constexpr branch decides over it";
  }
  std::string why_not;
  const auto written = FindWrittenCondition(unit, *guard.condition, why_not);
  if (!written) return why_not;
  if (!unit.Claim(written->range, written->expression->getBeginLoc()))
    return "the macro uses its argument several times";
  const bool value = (guard.outcome == 1) != written->negated;
  unit.Wrap(
      written->range,
      "::rankle_points::Force(" + IdLiteral(id) + ", " + (value ? "true" : "false") + ", static_cast<bool>(",
      "))", id);
  return "";
}

}  // namespace

void FindThrows(Unit& unit, const FunctionBody& body, const BranchIds& branches) {
  Guards guards(unit.context(), body);
  const char* untouchable = Untouchable(unit, body.function());
  for (int i = 0; i < body.size(); ++i) {
    const auto* thrown = dyn_cast<clang::CXXThrowExpr>(&body.stmt(i));
    if (!thrown || !thrown->getSubExpr()) continue;  // `throw;` makes no new fault
    Point point;
    if (!unit.Describe(Kind::kThrow, body.function(), thrown->getSourceRange(), point)) continue;
    const clang::QualType type = thrown->getSubExpr()->getType();
    point.what = TypeName(type);
    if (point.what.empty()) point.what = type.getAsString();
    point.dropped = WhyDropped(*thrown, point);
    const Guard guard = guards.Of(i);
    if (const auto branch = branches.find(guard.branch); branch != branches.end())
      point.guard = branch->second;
    point.guard_outcome = guard.outcome;
    point.not_instrumented = untouchable ? untouchable : EditGuard(unit, guard, point.id);
    unit.facts().points.push_back(std::move(point));
  }
}

}  // namespace rankle::points
