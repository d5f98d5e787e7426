#include "detectors/fault_points/answer_slice.h"

#include <optional>
#include <set>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/syntax.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

std::optional<bool> Literal(const clang::Expr* expression, const clang::ASTContext& context) {
  bool value = false;
  if (!expression || expression->isValueDependent() ||
      !expression->EvaluateAsBooleanCondition(value, context))
    return std::nullopt;
  return value;
}

bool IsReturnOfThis(const FunctionBody& body, int node) {
  return isa<clang::ReturnStmt>(body.stmt(node)) && body.Lambda(node) < 0;
}

const clang::Stmt* Condition(const clang::Stmt& stmt) {
  if (const auto* at = dyn_cast<clang::IfStmt>(&stmt)) return at->getCond();
  if (const auto* at = dyn_cast<clang::SwitchStmt>(&stmt)) return at->getCond();
  if (const auto* at = dyn_cast<clang::WhileStmt>(&stmt)) return at->getCond();
  if (const auto* at = dyn_cast<clang::ForStmt>(&stmt)) return at->getCond();
  if (const auto* at = dyn_cast<clang::DoStmt>(&stmt)) return at->getCond();
  if (const auto* at = dyn_cast<clang::CXXForRangeStmt>(&stmt)) return at->getRangeInit();
  return nullptr;
}

class Slicer {
 public:
  Slicer(Unit& unit, const FunctionBody& body, int callees) : unit_(unit), body_(body), callees_(callees) {}

  AnswerSlice Run() {
    std::set<bool> literals;
    for (int i = 0; i < body_.size(); ++i) {
      if (IsReturnOfThis(body_, i)) {
        const auto* answer = llvm::cast<clang::ReturnStmt>(body_.stmt(i)).getRetValue();
        const auto literal = Literal(answer, unit_.context());
        if (literal) literals.insert(*literal);
        slice_.constant &= literal.has_value();
        Read(body_.Find(answer, i));
      } else if (const clang::Stmt* condition = Condition(body_.stmt(i))) {
        Read(body_.Find(condition, i));
      } else if (isa<clang::CXXTryStmt>(body_.stmt(i))) {
        Read(i);  // whether something in it threw
      }
    }
    slice_.constant &= literals.size() == 1;
    return slice_;
  }

 private:
  void Read(int node) {
    if (node < 0) return;
    for (int i = node; i < body_.end(node); ++i) ReadOne(i);
  }

  void ReadOne(int node) {
    const clang::Stmt& stmt = body_.stmt(node);
    if (const auto* member = dyn_cast<clang::MemberExpr>(&stmt)) {
      const auto* field = dyn_cast<clang::FieldDecl>(member->getMemberDecl());
      if (field && !field->getType().isConstQualified() && !OfParameter(*member)) slice_.state = true;
    } else if (const auto* reference = dyn_cast<clang::DeclRefExpr>(&stmt)) {
      const auto* variable = dyn_cast<clang::VarDecl>(reference->getDecl());
      if (variable && !isa<clang::ParmVarDecl>(variable)) ReadVariable(*variable);
    } else if (isa<clang::CallExpr, clang::CXXConstructExpr>(stmt)) {
      ReadCall(stmt);
    }
  }

  // A field of what the caller handed in by value or const reference is the caller's, not state.
  bool OfParameter(const clang::MemberExpr& member) {
    const clang::Expr* base = member.getBase()->IgnoreParenImpCasts();
    while (const auto* outer = dyn_cast<clang::MemberExpr>(base))
      base = outer->getBase()->IgnoreParenImpCasts();
    const auto* reference = dyn_cast<clang::DeclRefExpr>(base);
    const auto* parameter = reference ? dyn_cast<clang::ParmVarDecl>(reference->getDecl()) : nullptr;
    return parameter && (!parameter->getType()->isReferenceType() ||
                         parameter->getType().getNonReferenceType().isConstQualified());
  }

  void ReadVariable(const clang::VarDecl& variable) {
    if (!variable.isLocalVarDecl() || variable.isStaticLocal()) {
      if (!variable.getType().isConstQualified() && !variable.isConstexpr()) slice_.state = true;
      return;
    }
    if (!seen_.insert(&variable).second) return;
    for (int i = 0; i < body_.size(); ++i) {
      if (const auto* declaration = dyn_cast<clang::DeclStmt>(&body_.stmt(i))) {
        for (const clang::Decl* decl : declaration->decls()) {
          if (decl == &variable && variable.getInit()) Read(body_.Find(variable.getInit(), i));
        }
      } else if (const auto* assignment = dyn_cast<clang::BinaryOperator>(&body_.stmt(i))) {
        if (assignment->isAssignmentOp() && Names(assignment->getLHS(), variable))
          Read(body_.Find(assignment->getRHS(), i));
      } else if (const auto* call = dyn_cast<clang::CallExpr>(&body_.stmt(i))) {
        // Filled in by a function that gets its address or a reference.
        for (const clang::Expr* argument : call->arguments()) {
          const auto* address = dyn_cast<clang::UnaryOperator>(argument->IgnoreParenImpCasts());
          const bool by_address = address && address->getOpcode() == clang::UO_AddrOf;
          if (by_address && Names(address->getSubExpr(), variable)) ReadCall(*call);
        }
      }
    }
  }

  static bool Names(const clang::Expr* expression, const clang::VarDecl& variable) {
    const auto* reference = dyn_cast<clang::DeclRefExpr>(expression->IgnoreParenImpCasts());
    return reference && reference->getDecl() == &variable;
  }

  void ReadCall(const clang::Stmt& stmt) {
    Callee callee;
    FindCallee(unit_, stmt, callee);
    if (!callee.function) {
      slice_.application = true;
    } else if (callee.user) {
      ReadUserCall(*callee.function);
    } else if (callee.api) {
      slice_.outside |= callee.api->io || callee.api->waits || callee.api->family != Family::kNone;
      slice_.library = true;
    } else {
      Effects effects;
      AddEffects(unit_, stmt, effects);
      (effects.unknown ? slice_.outside : slice_.library) = true;
    }
  }

  void ReadUserCall(const clang::FunctionDecl& function) {
    const clang::FunctionDecl* definition = nullptr;
    const bool seen = !function_seen_.insert(function.getCanonicalDecl()).second;
    if (seen || function.isConstexpr() || function.isDefaulted()) return;
    if (callees_ == 0 || !function.hasBody(definition) || !definition->getBody()) {
      slice_.application = true;
      return;
    }
    const AnswerSlice inner = SliceAnswer(unit_, FunctionBody(*definition), callees_ - 1);
    slice_.state |= inner.state;
    slice_.library |= inner.library;
    slice_.outside |= inner.outside;
    slice_.application |= inner.application;
  }

  Unit& unit_;
  const FunctionBody& body_;
  const int callees_;
  AnswerSlice slice_;
  std::set<const clang::VarDecl*> seen_;
  std::set<const clang::FunctionDecl*> function_seen_;
};

}  // namespace

AnswerSlice SliceAnswer(Unit& unit, const FunctionBody& body, int callees) {
  return Slicer(unit, body, callees).Run();
}

}  // namespace rankle::points
