// The control flow of one function or lambda, for checks that ask what happens on a path: clang's graph with
// only what matters kept, and a solver for questions over it.
//
// An edge along which an exception travels is marked with the call that may throw; whether it does is for the
// question to decide (of C functions, of std and of functions without a body the checks say: no).
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "detectors/tooling/function_body.h"

namespace clang {
class ASTContext;
class Expr;
class VarDecl;
}  // namespace clang

namespace rankle::lint {

struct FlowStep {
  const clang::Stmt* stmt = nullptr;  // evaluated; children come before their parents
  int node = -1;  // in the FunctionBody; -1: not written (of a range-for, of an implicit call)
  const clang::VarDecl* destroyed = nullptr;  // or: the scope of this variable ends, its destructor runs
};

struct FlowEdge {
  int to = 0;
  const clang::Expr* condition = nullptr;  // the one of `a && b` that was asked; nullptr: no choice, a switch
  bool outcome = true;                     // of the condition
  const clang::Stmt* thrown_by = nullptr;  // the call whose exception travels here
};

struct FlowBlock {
  std::vector<FlowStep> steps;
  std::vector<FlowEdge> next;
  bool loop = false;                  // asks a loop's condition
  bool handler = false;               // catches an exception
  const clang::Expr* asks = nullptr;  // what decides over the way out, of a switch too
  bool no_return = false;             // its last call ends the process
};

class Flow {
 public:
  // `lambda`: its node in the body, -1: the function itself. nullopt: clang makes no graph of it (parts of
  // templates, code with errors).
  static std::optional<Flow> Of(const clang::ASTContext& context, const tooling::FunctionBody& body,
                                int lambda);

  const std::vector<FlowBlock>& blocks() const { return blocks_; }
  int entry() const { return entry_; }
  int exit() const { return exit_; }
  // Blocks that lead to each block, with the index of the edge.
  const std::vector<std::vector<int>>& previous() const { return previous_; }

 private:
  std::vector<FlowBlock> blocks_;
  std::vector<std::vector<int>> previous_;
  int entry_ = 0, exit_ = 0;
};

// Forward: what holds at the begin of each block (nullopt: it is not reached). `step` changes a state,
// `edge` may change it too and says whether the edge can be taken at all, `join` merges a second state into
// the first and says whether the first changed. States must form a lattice of finite height.
template <typename State, typename Step, typename Edge, typename Join>
std::vector<std::optional<State>> SolveForward(const Flow& flow, State start, Step step, Edge edge,
                                               Join join) {
  std::vector<std::optional<State>> at(flow.blocks().size());
  at[flow.entry()] = std::move(start);
  std::vector<int> work{flow.entry()};
  while (!work.empty()) {
    const int block = work.back();
    work.pop_back();
    State state = *at[block];
    for (const FlowStep& each : flow.blocks()[block].steps) step(each, state);
    for (const FlowEdge& out : flow.blocks()[block].next) {
      State there = state;
      if (!edge(out, there)) continue;
      std::optional<State>& known = at[out.to];
      const bool changed = known ? join(*known, there) : (known = std::move(there), true);
      if (changed) work.push_back(out.to);
    }
  }
  return at;
}

// Backward: what holds at the end of each block.
template <typename State, typename Step, typename Join>
std::vector<State> SolveBackward(const Flow& flow, State at_exit, Step step, Join join) {
  std::vector<State> at(flow.blocks().size());
  at[flow.exit()] = std::move(at_exit);
  std::vector<int> work;
  for (size_t i = 0; i < flow.blocks().size(); ++i) work.push_back(static_cast<int>(i));
  while (!work.empty()) {
    const int block = work.back();
    work.pop_back();
    State state = at[block];
    const std::vector<FlowStep>& steps = flow.blocks()[block].steps;
    for (size_t i = steps.size(); i-- > 0;) step(steps[i], state);
    for (const int before : flow.previous()[block]) {
      if (join(at[before], state)) work.push_back(before);
    }
  }
  return at;
}

}  // namespace rankle::lint
