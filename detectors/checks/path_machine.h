// Runs a function once, along the ways that a list of choices says, and writes down what happens. The
// functions of the unit that it calls are run in their place.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "detectors/checks/path.h"
#include "detectors/checks/path_unit.h"
#include "detectors/checks/path_values.h"

namespace clang {
class ASTContext;
class CXXConstructExpr;
class FunctionDecl;
class LambdaExpr;
class NamedDecl;
}  // namespace clang

namespace rankle::lint {

// One choice that was made: the n-th of several ways.
struct PathChoice {
  int chosen, ways;
};

class PathRun {
 public:
  PathRun(PathUnit& unit, const std::vector<int>& choices);

  Path Run(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda);
  const std::vector<PathChoice>& choices() const { return made_; }
  int steps() const { return steps_; }

 private:
  struct Frame {
    const PathUnit::Graph& graph;
    std::vector<int> turns;  // of each block
    std::string object;
    Value returned;
  };
  void Flowing(const PathUnit::Graph& graph, const std::string& object, Value* returned);
  void Learn(const PathCondition& condition, bool outcome);
  const FlowEdge* Choose(const FlowBlock& block, Frame& frame, int at);
  int Decide(int ways, int first);

  void Step(const FlowStep& step, Frame& frame);
  void Declare(const clang::DeclStmt& statement);
  void InitialiseFields(const clang::FunctionDecl& function);
  void Call(const clang::CallExpr& call);
  void ApiCall(const clang::CallExpr& call, const Api& api);
  void Foreign(const clang::CallExpr& call, const clang::NamedDecl* callee);
  // What the summary of a function that is not in sight says that happens to its arguments.
  void Effects(const clang::CallExpr& call, const clang::FunctionDecl& callee, size_t first_argument,
               const std::vector<Value>& arguments);
  void Operator(const clang::CallExpr& call);
  void Assign(const clang::Stmt& at, const clang::Expr* to, Value value);
  void Touch(const clang::Expr& expression, bool writes);
  bool Enter(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda, const clang::Expr* call,
             const std::vector<const clang::Expr*>& arguments, const std::string& object, Value* returned);
  PathEvent& Add(Happening what, const clang::Expr* expr);

  PathUnit& unit_;
  const std::vector<int>& wanted_;
  std::vector<PathChoice> made_;
  PathValues values_;
  Path path_;
  std::vector<const clang::Expr*> sites_;  // calls that are being run
  std::set<const void*> running_;
  std::map<std::string, size_t> results_;  // event whose result an atom is
  std::set<std::string> moved_;            // objects that have handed on what they own
  int steps_ = 0;
  bool ended_ = false;  // nothing follows on this path
};

}  // namespace rankle::lint
