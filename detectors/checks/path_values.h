// Values and addresses of expressions, given what is known on a path.
#pragma once

#include <map>
#include <string>

#include "detectors/checks/path_memory.h"

namespace clang {
class ASTContext;
class BinaryOperator;
class CXXOperatorCallExpr;
class CallExpr;
class Decl;
class Expr;
class Stmt;
class ValueDecl;
class VarDecl;
}  // namespace clang

namespace rankle::lint {

// Of the standard library, with what it hides in other namespaces.
bool IsOfLibrary(const clang::Decl& decl);

// Methods and operators of the standard library that leave the object as it is and give the same answer again
// (`v[i]`, `v.back()`, `p.get()`, `*p`), and methods named so of other libraries.
bool IsPureMethod(const clang::CallExpr& call);

// `std::move(x)`, `std::forward<T>(x)`: x itself.
bool IsMove(const clang::CallExpr& call);

// Numbers for declarations and expressions, so that two variables of a name differ; kept over the paths of a
// unit.
class DeclNames {
 public:
  std::string Of(const clang::Decl& decl);
  // Of an expression that nothing is known of: a number.
  std::string OfStmt(const clang::Stmt& stmt);

 private:
  std::map<const void*, int> numbers_;
};

class PathValues {
 public:
  PathValues(const clang::ASTContext& context, DeclNames& names) : context_(context), names_(names) {}

  Value Of(const clang::Expr* expression);
  // Where the object lies that the expression names; empty: it names none.
  std::string Address(const clang::Expr* expression);
  std::string AddressOf(const clang::ValueDecl& decl);
  // The object that a pointer points to.
  std::string Pointee(const Value& pointer);
  PathCondition Condition(const clang::Expr* expression);
  // The fields of an object that `init` gives values to.
  void Initialise(const std::string& address, const clang::Expr* init);

  PathMemory memory;
  PathFacts facts;
  // Of calls and assignments, when they were last evaluated.
  std::map<const clang::Stmt*, Value> results;
  std::map<const clang::VarDecl*, std::string> references;  // what they refer to
  std::string object;                                       // `*this`
  int globals = 0;  // grows when a function that is not known may have written globals

 private:
  Value Binary(const clang::Expr* expression);
  // `a && b`, `a || b`: what decides of it on this path, and the question that is left.
  Value Logical(const clang::BinaryOperator& both);
  // The value of a condition. A variable that keeps it, or a function that answers it, asks the same later.
  Value Answer(const PathCondition& condition);
  std::string PureCall(const clang::CallExpr& call);
  // Bytes of what the pointer points to; a value that has no name in this unit: `sizeof(T)`.
  Value ElementSize(const clang::Expr* pointer);

  const clang::ASTContext& context_;
  DeclNames& names_;
  std::map<std::string, PathCondition> questions_;  // what atoms of truth values stand for
};

}  // namespace rankle::lint
