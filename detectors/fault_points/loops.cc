#include "detectors/fault_points/loops.h"

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "clang/Lex/Lexer.h"
#include "detectors/fault_points/branches.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/loop_traits.h"
#include "detectors/fault_points/statement_range.h"
#include "detectors/fault_points/trip_count.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

struct Form {
  const char* name;
  const clang::Stmt* body;
  clang::SourceRange head;  // what the id is made of
};

Form FormOf(const clang::Stmt& stmt) {
  if (const auto* loop = dyn_cast<clang::ForStmt>(&stmt))
    return {"for", loop->getBody(), {loop->getBeginLoc(), loop->getRParenLoc()}};
  if (const auto* loop = dyn_cast<clang::WhileStmt>(&stmt))
    return {"while", loop->getBody(), {loop->getBeginLoc(), loop->getRParenLoc()}};
  if (const auto* loop = dyn_cast<clang::CXXForRangeStmt>(&stmt))
    return {"range", loop->getBody(), {loop->getBeginLoc(), loop->getRParenLoc()}};
  const auto& loop = llvm::cast<clang::DoStmt>(stmt);
  return {"do", loop.getBody(), {loop.getWhileLoc(), loop.getRParenLoc()}};
}

// `do { } while (0)` makes one statement of several; it is no loop.
bool IsOnce(const clang::Stmt& stmt, const clang::ASTContext& context) {
  const auto* loop = dyn_cast<clang::DoStmt>(&stmt);
  bool again = true;
  return loop && !loop->getCond()->isValueDependent() &&
         loop->getCond()->EvaluateAsBooleanCondition(again, context) && !again;
}

// Jumps into the loop, past the counter that would stand before it.
bool IsEnteredByJump(const FunctionBody& body, int loop) {
  for (int i = loop + 1; i < body.end(loop); ++i) {
    if (isa<clang::LabelStmt>(body.stmt(i))) return true;
    if (!isa<clang::SwitchCase>(body.stmt(i))) continue;
    int at = body.nodes()[i].parent;
    while (at > loop && !isa<clang::SwitchStmt>(body.stmt(at))) at = body.nodes()[at].parent;
    if (at == loop) return true;
  }
  return false;
}

std::string EditLoop(Unit& unit, const FunctionBody& body, int loop, const Form& form,
                     const std::string& id) {
  const int parent = body.nodes()[loop].parent;
  if (parent >= 0 && isa<clang::AttributedStmt>(body.stmt(parent))) return "attributes belong to the loop";
  if (parent >= 0 && body.stmt(parent).getStmtClass() >= clang::Stmt::firstOMPExecutableDirectiveConstant &&
      body.stmt(parent).getStmtClass() <= clang::Stmt::lastOMPExecutableDirectiveConstant)
    return "OpenMP belongs to the loop";
  if (IsEnteredByJump(body, loop)) return "a jump leads into the loop";
  const auto whole = StatementRange(unit, body.stmt(loop));
  if (!whole) return "it is in the body of macro " + unit.Macro(body.stmt(loop).getSourceRange());
  if (FollowsPragma(unit, body.stmt(loop))) return "a pragma belongs to the loop";
  const auto inner = StatementRange(unit, *form.body);
  if (!inner) return "its body is in the body of macro " + unit.Macro(form.body->getSourceRange());
  const std::string name = "rankle_loop_" + id;
  unit.Wrap(*whole, "{ ::rankle_points::Loop " + name + "(" + IdLiteral(id) + "); ", " }", id);
  if (isa<clang::CompoundStmt>(form.body)) {
    const WrittenRange behind_brace{inner->file, inner->begin + 1, inner->begin + 1};
    unit.Wrap(behind_brace, " " + name + ".Next(); ", "", id);
  } else {
    unit.Wrap(*inner, "{ " + name + ".Next(); ", " }", id);
  }
  return "";
}

// Back edges of goto.
void FindGotoLoops(Unit& unit, const FunctionBody& body) {
  for (int i = 0; i < body.size(); ++i) {
    const auto* jump = dyn_cast<clang::GotoStmt>(&body.stmt(i));
    const int label = jump && jump->getLabel() ? body.Find(jump->getLabel()->getStmt()) : -1;
    if (label < 0 || label > i) continue;
    Point point;
    if (!unit.Describe(Kind::kLoop, body.function(), jump->getSourceRange(), point)) continue;
    point.what = "goto";
    for (int at = label; at < i; ++at) AddEffects(unit, body.stmt(at), point.effects);
    point.not_instrumented = "a loop made of goto";
    unit.facts().points.push_back(std::move(point));
  }
}

}  // namespace

void FindLoops(Unit& unit, const FunctionBody& body) {
  const char* untouchable = Untouchable(unit, body.function());
  for (int i = 0; i < body.size(); ++i) {
    if (!IsLoop(body.stmt(i)) || IsOnce(body.stmt(i), unit.context())) continue;
    const Form form = FormOf(body.stmt(i));
    Point point;
    if (!unit.Describe(Kind::kLoop, body.function(), form.head, point)) continue;
    point.what = form.name;
    point.effects = EffectsBelow(unit, body, i);
    // A loop that reads what others change waits for them.
    point.effects.blocks |= ReadsShared(body, i);
    point.trips = ConstantTrips(body.stmt(i), unit.context());
    point.retry = IsRetry(unit, body, i, point.text);
    point.timer = IsTimer(unit, body, i);
    point.not_instrumented = untouchable ? untouchable : EditLoop(unit, body, i, form, point.id);
    unit.facts().points.push_back(std::move(point));
  }
  FindGotoLoops(unit, body);
}

}  // namespace rankle::points
