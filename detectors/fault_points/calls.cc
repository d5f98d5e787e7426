#include "detectors/fault_points/calls.h"

#include <algorithm>

#include "clang/AST/ExprCXX.h"
#include "clang/Basic/Builtins.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

// Library functions that only compute, or whose effects stay in the process. Streams are counted as such:
// their files are opened and closed by what api_table.h knows.
bool OnlyComputes(const Callee& callee) {
  if (callee.name == "std::function::operator()" || callee.name == "std::invoke") return false;
  return callee.name.starts_with("std::") || callee.name.starts_with("__gnu") ||
         callee.function->getBuiltinID() != 0 || callee.name == "__errno_location" ||
         callee.name.starts_with("operator");
}

const clang::FunctionDecl* Called(const clang::Stmt& stmt) {
  if (const auto* call = dyn_cast<clang::CallExpr>(&stmt)) return call->getDirectCallee();
  return llvm::cast<clang::CXXConstructExpr>(stmt).getConstructor();
}

}  // namespace

bool FindCallee(Unit& unit, const clang::Stmt& stmt, Callee& callee) {
  if (!isa<clang::CallExpr, clang::CXXConstructExpr>(stmt)) return false;
  callee.function = Called(stmt);
  if (!callee.function) return true;
  callee.name = QualifiedName(*callee.function);
  callee.user = !unit.UserFile(Written(*callee.function).getLocation()).empty();
  if (!callee.user) callee.api = FindApi(callee.name);
  return true;
}

void AddEffects(Unit& unit, const clang::Stmt& stmt, Effects& effects) {
  if (isa<clang::CXXThrowExpr>(stmt)) effects.fails = true;
  Callee callee;
  if (!FindCallee(unit, stmt, callee)) return;
  if (!callee.function) {
    effects.unknown |= !isa<clang::CXXPseudoDestructorExpr>(llvm::cast<clang::CallExpr>(stmt).getCallee());
    return;
  }
  if (callee.user) {
    if (callee.function->isDefaulted() || callee.function->isImplicit()) return;
    const std::string usr = StableUsr(*callee.function);
    if (std::find(effects.calls.begin(), effects.calls.end(), usr) == effects.calls.end())
      effects.calls.push_back(usr);
    return;
  }
  if (callee.api) {
    if (callee.api->io && effects.io.empty()) effects.io = callee.name;
    effects.blocks |= callee.api->waits;
  } else {
    effects.unknown |= !OnlyComputes(callee) && !callee.function->isImplicit();
  }
}

Effects EffectsBelow(Unit& unit, const FunctionBody& body, int node) {
  Effects effects;
  const int end = node < 0 ? body.size() : body.end(node);
  for (int i = std::max(node, 0); i < end; ++i) AddEffects(unit, body.stmt(i), effects);
  return effects;
}

bool ReadsShared(const FunctionBody& body, int node) {
  for (int i = node; i < body.end(node); ++i) {
    const auto* expression = dyn_cast<clang::Expr>(&body.stmt(i));
    if (!expression || expression->getType().isNull()) continue;
    if (expression->getType().isVolatileQualified()) return true;
    if (const auto* call = dyn_cast<clang::CXXMemberCallExpr>(expression); call && call->getMethodDecl()) {
      const std::string name = QualifiedName(*call->getMethodDecl());
      if (name.starts_with("std::atomic") || name.starts_with("std::__atomic")) return true;
    }
  }
  return false;
}

}  // namespace rankle::points
