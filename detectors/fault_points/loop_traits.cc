#include "detectors/fault_points/loop_traits.h"

#include <algorithm>
#include <cctype>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/fault_points/api_table.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

bool OwnOf(const FunctionBody& body, int node, int loop) {
  return body.Loop(node) == loop && body.Lambda(node) == body.Lambda(loop);
}

// Does this expression ask whether something failed: errno, -1, an error code, ok()?
bool AsksForError(Unit& unit, const FunctionBody& body, int from, int end) {
  for (int i = from; i < end; ++i) {
    Callee callee;
    if (FindCallee(unit, body.stmt(i), callee) && callee.function) {
      if (callee.name == "__errno_location" || IsLibraryDetector(callee.name)) return true;
      if (FindErrorType(TypeName(callee.function->getReturnType()))) return true;
      if (callee.api && callee.api->family != Family::kNone) return true;
    }
    const auto* expression = dyn_cast<clang::Expr>(&body.stmt(i));
    if (expression && FindErrorType(TypeName(expression->getType()))) return true;
    const auto* comparison = dyn_cast<clang::BinaryOperator>(expression ? expression : nullptr);
    if (!comparison || comparison->getOpcode() != clang::BO_LT) continue;
    clang::Expr::EvalResult value;  // `rv < 0`
    const clang::Expr* right = comparison->getRHS();
    if (!right->isValueDependent() && right->EvaluateAsInt(value, unit.context()) &&
        value.Val.getInt() == 0 && comparison->getLHS()->getType()->isSignedIntegerType())
      return true;
  }
  return false;
}

const clang::Expr* Condition(const clang::Stmt& loop) {
  if (const auto* counted = dyn_cast<clang::ForStmt>(&loop)) return counted->getCond();
  if (const auto* plain = dyn_cast<clang::WhileStmt>(&loop)) return plain->getCond();
  if (const auto* plain = dyn_cast<clang::DoStmt>(&loop)) return plain->getCond();
  return nullptr;
}

// Goes on after the handler: it neither throws nor returns nor breaks.
bool GoesOn(const FunctionBody& body, int handler) {
  for (int i = handler; i < body.end(handler); ++i) {
    if (isa<clang::CXXThrowExpr, clang::ReturnStmt, clang::BreakStmt, clang::GotoStmt>(body.stmt(i)))
      return false;
  }
  return true;
}

bool CountsAttempts(const std::string& head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* word : {"retr", "attempt", "tries"}) {  // retry, retries, maxRetries
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

bool IsRetry(Unit& unit, const FunctionBody& body, int loop, const std::string& head) {
  if (CountsAttempts(head)) return true;
  if (const clang::Expr* condition = Condition(body.stmt(loop))) {
    const int at = body.Find(condition, loop);
    if (at >= 0) {
      for (int i = at; i < body.end(at); ++i) {
        Callee callee;
        if (FindCallee(unit, body.stmt(i), callee) && callee.name == "__errno_location") return true;
      }
    }
  }
  for (int i = loop + 1; i < body.end(loop); ++i) {
    if (!OwnOf(body, i, loop)) continue;
    if (isa<clang::CXXCatchStmt>(body.stmt(i)) && GoesOn(body, i)) return true;
    if (!isa<clang::ContinueStmt>(body.stmt(i))) continue;
    for (int at = body.nodes()[i].parent; at > loop; at = body.nodes()[at].parent) {
      const auto* branch = dyn_cast<clang::IfStmt>(&body.stmt(at));
      const int condition = branch ? body.Find(branch->getCond(), at) : -1;
      if (condition >= 0 && AsksForError(unit, body, condition, body.end(condition))) return true;
    }
  }
  return false;
}

bool IsTimer(Unit& unit, const FunctionBody& body, int loop) {
  for (int i = loop + 1; i < body.end(loop); ++i) {
    if (!OwnOf(body, i, loop)) continue;
    Callee callee;
    if (!FindCallee(unit, body.stmt(i), callee) || !callee.api || !callee.api->sleeps) continue;
    int at = body.nodes()[i].parent;
    while (at > loop && !isa<clang::CXXCatchStmt>(body.stmt(at))) at = body.nodes()[at].parent;
    if (at == loop) return true;
  }
  return false;
}

}  // namespace rankle::points
