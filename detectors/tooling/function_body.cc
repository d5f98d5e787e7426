#include "detectors/tooling/function_body.h"

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"

namespace rankle::tooling {

using llvm::dyn_cast;
using llvm::isa;

FunctionBody::FunctionBody(const clang::FunctionDecl& function) : function_(function) {
  if (const auto* constructor = dyn_cast<clang::CXXConstructorDecl>(&function)) {
    for (const clang::CXXCtorInitializer* initializer : constructor->inits()) {
      if (initializer->isWritten()) Add(initializer->getInit(), -1);
    }
  }
  Add(function.getBody(), -1);
}

void FunctionBody::Add(const clang::Stmt* stmt, int parent) {
  if (!stmt) return;
  if (isa<clang::UnaryExprOrTypeTraitExpr, clang::CXXNoexceptExpr, clang::CXXTypeidExpr, clang::ConstantExpr>(
          stmt))
    return;
  const int self = size();
  nodes_.push_back({stmt, parent, 0});
  if (const auto* range = dyn_cast<clang::CXXForRangeStmt>(stmt)) {
    Add(range->getInit(), self);
    Add(range->getRangeInit(), self);
    Add(range->getBody(), self);
  } else if (const auto* lambda = dyn_cast<clang::LambdaExpr>(stmt)) {
    for (const clang::Expr* capture : lambda->capture_inits()) Add(capture, self);
    Add(lambda->getBody(), self);
  } else if (const auto* coroutine = dyn_cast<clang::CoroutineBodyStmt>(stmt)) {
    Add(coroutine->getBody(), self);
  } else if (const auto* label = dyn_cast<clang::CaseStmt>(stmt)) {
    Add(label->getSubStmt(), self);  // not the constant
  } else if (const auto* branch = dyn_cast<clang::IfStmt>(stmt); branch && branch->isConstexpr()) {
    Add(branch->getThen(), self);
    Add(branch->getElse(), self);
  } else if (const auto* declaration = dyn_cast<clang::DeclStmt>(stmt)) {
    for (const clang::Decl* decl : declaration->decls()) {
      const auto* variable = dyn_cast<clang::VarDecl>(decl);
      if (variable && !variable->isConstexpr()) Add(variable->getInit(), self);
    }
  } else {
    for (const clang::Stmt* child : stmt->children()) Add(child, self);
  }
  nodes_[self].end = size();
}

int FunctionBody::Parent(int node) const {
  int parent = nodes_[node].parent;
  while (
      parent >= 0 &&
      isa<clang::ParenExpr, clang::ImplicitCastExpr, clang::ExprWithCleanups, clang::MaterializeTemporaryExpr,
          clang::CXXBindTemporaryExpr, clang::CXXFunctionalCastExpr>(stmt(parent))) {
    parent = nodes_[parent].parent;
  }
  return parent;
}

int FunctionBody::Lambda(int node) const {
  for (int at = nodes_[node].parent; at >= 0; at = nodes_[at].parent) {
    if (isa<clang::LambdaExpr>(stmt(at))) return at;
  }
  return -1;
}

int FunctionBody::Loop(int node) const {
  for (int at = nodes_[node].parent; at >= 0 && !isa<clang::LambdaExpr>(stmt(at)); at = nodes_[at].parent) {
    if (IsLoop(stmt(at))) return at;
  }
  return -1;
}

int FunctionBody::Find(const clang::Stmt* stmt, int from) const {
  for (int i = from; i < size(); ++i) {
    if (nodes_[i].stmt == stmt) return i;
  }
  return -1;
}

const clang::CompoundStmt* FunctionBody::Block(int lambda) const {
  if (lambda >= 0) return llvm::cast<clang::LambdaExpr>(stmt(lambda)).getCompoundStmtBody();
  return dyn_cast<clang::CompoundStmt>(function_.getBody());
}

bool IsLoop(const clang::Stmt& stmt) {
  return isa<clang::ForStmt, clang::WhileStmt, clang::DoStmt, clang::CXXForRangeStmt>(stmt);
}

bool ResultUsed(const FunctionBody& body, int node) {
  const int parent = body.Parent(node);
  if (parent < 0) return false;
  const clang::Stmt& around = body.stmt(parent);
  // The child of `around` that holds the node.
  int child = node;
  while (body.nodes()[child].parent != parent) child = body.nodes()[child].parent;
  const clang::Stmt* self = &body.stmt(child);
  if (isa<clang::CompoundStmt, clang::LabelStmt, clang::SwitchCase, clang::AttributedStmt>(around))
    return false;
  if (const auto* branch = dyn_cast<clang::IfStmt>(&around)) return self == branch->getCond();
  if (const auto* loop = dyn_cast<clang::ForStmt>(&around)) return self == loop->getCond();
  if (const auto* loop = dyn_cast<clang::WhileStmt>(&around)) return self == loop->getCond();
  if (const auto* loop = dyn_cast<clang::DoStmt>(&around)) return self == loop->getCond();
  if (const auto* loop = dyn_cast<clang::CXXForRangeStmt>(&around)) return self == loop->getRangeInit();
  if (const auto* cast = dyn_cast<clang::ExplicitCastExpr>(&around)) return !cast->getType()->isVoidType();
  const auto* comma = dyn_cast<clang::BinaryOperator>(&around);
  if (comma && comma->getOpcode() == clang::BO_Comma && self == comma->getLHS()) return false;
  return true;
}

}  // namespace rankle::tooling
