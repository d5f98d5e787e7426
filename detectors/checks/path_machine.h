// Runs a function once, along the ways that a list of choices says, and writes down what happens. The
// functions of the unit that it calls are run in their place.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "detectors/checks/flow.h"
#include "detectors/checks/path.h"
#include "detectors/checks/path_values.h"

namespace clang {
class ASTContext;
class CXXConstructExpr;
class FunctionDecl;
class LambdaExpr;
class NamedDecl;
}  // namespace clang

namespace rankle::lint {

class UnitView;

// What does not change from path to path.
class PathUnit {
 public:
  explicit PathUnit(const UnitView& unit) : unit_(unit) {}

  struct Graph {
    Flow flow;
    std::vector<bool>
        leads_on;  // is the end of the function reached from the block, without exceptions of calls?
  };
  struct Code {
    std::unique_ptr<tooling::FunctionBody> body;
    std::map<const clang::LambdaExpr*, std::optional<Graph>> graphs;  // nullptr: of the function itself
  };
  // nullptr: clang makes no graph of it.
  const Graph* GraphOf(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda);
  // Calls an API that is of interest, itself or through functions of the unit.
  bool Matters(const clang::FunctionDecl& function);
  bool Communicates(const clang::FunctionDecl& function);
  const UnitView& unit() const { return unit_; }
  DeclNames names;

 private:
  enum Reach : uint8_t { kNothing = 0, kAnyApi = 1, kNccl = 2 };
  uint8_t ReachOf(const clang::FunctionDecl& function, int depth);
  Code& CodeOf(const clang::FunctionDecl& function);

  const UnitView& unit_;
  std::map<const clang::FunctionDecl*, Code> code_;
  std::map<const clang::FunctionDecl*, uint8_t> reach_;
};

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
  const FlowEdge* Choose(const FlowBlock& block, Frame& frame, int at);
  int Decide(int ways, int first);

  void Step(const FlowStep& step, Frame& frame);
  void Declare(const clang::DeclStmt& statement, Frame& frame);
  void Call(const clang::CallExpr& call);
  void ApiCall(const clang::CallExpr& call, const Api& api);
  void Foreign(const clang::CallExpr& call, const clang::NamedDecl* callee);
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
  int steps_ = 0;
  bool ended_ = false;  // nothing follows on this path
};

}  // namespace rankle::lint
