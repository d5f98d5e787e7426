// Which branch decides over a statement: the nearest one, looking back along the control flow.
#pragma once

#include "detectors/fault_points/syntax.h"

namespace clang {
class ASTContext;
class Expr;
}  // namespace clang

namespace rankle::points {

struct Guard {
  const clang::Stmt* branch = nullptr;  // if, switch, ?:, && or ||, or a loop; nullptr: nothing decides
  const clang::Expr* condition = nullptr;
  int outcome = -1;  // of the condition that leads to the statement: 1 true, 0 false, -1 one of several
};

// Of statements of one function. Control-flow graphs are made where they are needed, one for the function and
// one for each of its lambdas; in templates, where clang makes none, the nearest branch around the statement
// stands in.
class Guards {
 public:
  Guards(clang::ASTContext& context, const FunctionBody& body);
  ~Guards();
  Guard Of(int node);

 private:
  struct Graphs;
  clang::ASTContext& context_;
  const FunctionBody& body_;
  Graphs* graphs_;
};

}  // namespace rankle::points
