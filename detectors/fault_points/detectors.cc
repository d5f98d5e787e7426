#include "detectors/fault_points/detectors.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/fault_points/answer_slice.h"
#include "detectors/fault_points/api_table.h"
#include "detectors/fault_points/branches.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;

namespace {

// Questions about the contents of a container: CSnake's list of names, in C++ words.
bool AsksForContents(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view begin : {"equals", "contains", "has", "next", "empty", "isempty", "is_empty"}) {
    if (lower.substr(0, begin.size()) == begin) return true;
  }
  return false;
}

// The order is that of CSnake's rules R1 to R5; R6 (nobody looks at the answer) is decided over all units.
std::string WhyDropped(Unit& unit, const FunctionBody& body) {
  const clang::FunctionDecl& function = body.function();
  if (function.isPureVirtual()) return "pure virtual";
  if (function.isOverloadedOperator() && function.getOverloadedOperator() != clang::OO_Call &&
      function.getOverloadedOperator() != clang::OO_Exclaim)
    return "comparison operator";
  if (function.isConstexpr()) return "constexpr";
  if (function.getDeclName().isIdentifier() && AsksForContents(function.getName()))
    return "asks for contents, by its name";
  const AnswerSlice slice = SliceAnswer(unit, body, 1);
  if (slice.constant) return "constant answer";
  if (slice.state || slice.outside || slice.application) return "";
  return slice.library ? "only asks the standard library" : "only constants and parameters";
}

std::string EditReturns(Unit& unit, const FunctionBody& body, const std::string& id) {
  std::vector<WrittenRange> ranges;
  for (int i = 0; i < body.size(); ++i) {
    const auto* answer = dyn_cast<clang::ReturnStmt>(&body.stmt(i));
    if (!answer || !answer->getRetValue() || body.Lambda(i) >= 0) continue;
    const auto range = unit.WrittenAt(answer->getRetValue()->getSourceRange());
    if (!range) return "a return is in the body of macro " + unit.Macro(answer->getSourceRange());
    ranges.push_back(*range);
  }
  for (const WrittenRange& range : ranges)
    unit.Wrap(range, "::rankle_points::Negate(" + IdLiteral(id) + ", static_cast<bool>(", "))", id);
  return "";
}

void FindLibraryDetectors(Unit& unit, const FunctionBody& body, const char* untouchable) {
  for (int i = 0; i < body.size(); ++i) {
    const auto* call = dyn_cast<clang::CallExpr>(&body.stmt(i));
    Callee callee;
    if (!call || !FindCallee(unit, *call, callee) || callee.user || !IsLibraryDetector(callee.name)) continue;
    Point point;
    if (!unit.Describe(Kind::kDetector, body.function(), call->getSourceRange(), point)) continue;
    point.what = callee.name;
    if (!ResultUsed(body, i)) point.dropped = "its answer is not used";
    if (IsAssertionMacro(point.macro)) point.dropped = "assertion";
    const auto range = unit.WrittenAt(call->getSourceRange());
    if (untouchable) {
      point.not_instrumented = untouchable;
    } else if (!range) {
      point.not_instrumented = "it is in the body of macro " + unit.Macro(call->getSourceRange());
    } else if (!unit.Claim(*range, call->getBeginLoc())) {
      point.not_instrumented = "the macro uses its argument several times";
    } else {
      unit.Wrap(*range, "::rankle_points::Negate(" + IdLiteral(point.id) + ", static_cast<bool>(", "))",
                point.id);
    }
    unit.facts().points.push_back(std::move(point));
  }
}

bool ReturnsBool(const clang::FunctionDecl& function) {
  return function.getReturnType()->isBooleanType() && !function.isMain();
}

}  // namespace

void FindDetectors(Unit& unit, const FunctionBody& body) {
  const clang::FunctionDecl& function = body.function();
  const char* untouchable = Untouchable(unit, function);
  FindLibraryDetectors(unit, body, untouchable);
  if (!ReturnsBool(function)) return;
  Point point;
  // The name alone: what the function does may change without making it another detector.
  const clang::SourceRange name(function.getLocation(), function.getLocation());
  if (!unit.Describe(Kind::kDetector, function, name, point)) return;
  point.what = QualifiedName(function);
  point.callee = point.function;
  point.dropped = WhyDropped(unit, body);
  point.not_instrumented = untouchable ? untouchable : EditReturns(unit, body, point.id);
  unit.facts().points.push_back(std::move(point));
}

void FindUsedResults(Unit& unit, const FunctionBody& body) {
  for (int i = 0; i < body.size(); ++i) {
    Callee callee;
    if (!FindCallee(unit, body.stmt(i), callee) || !callee.function || !callee.user) continue;
    if (ReturnsBool(*callee.function) && ResultUsed(body, i))
      unit.facts().used_results.push_back(StableUsr(*callee.function));
  }
}

}  // namespace rankle::points
