#include "detectors/fault_points/guards.h"

#include <map>
#include <memory>

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "clang/Analysis/CFG.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

const clang::Expr* ConditionOf(const clang::Stmt& stmt) {
  if (const auto* branch = dyn_cast<clang::IfStmt>(&stmt)) return branch->getCond();
  if (const auto* choice = dyn_cast<clang::ConditionalOperator>(&stmt)) return choice->getCond();
  if (const auto* loop = dyn_cast<clang::WhileStmt>(&stmt)) return loop->getCond();
  if (const auto* loop = dyn_cast<clang::ForStmt>(&stmt)) return loop->getCond();
  if (const auto* loop = dyn_cast<clang::DoStmt>(&stmt)) return loop->getCond();
  if (const auto* choice = dyn_cast<clang::SwitchStmt>(&stmt)) return choice->getCond();
  return nullptr;
}

// A short circuit is part of the statement around it: `if (a || b) throw`.
const clang::Stmt* BranchOf(const FunctionBody& body, const clang::Stmt* terminator) {
  const auto* both = dyn_cast<clang::BinaryOperator>(terminator);
  if (!both || !both->isLogicalOp()) return terminator;
  for (int at = body.Find(terminator); at >= 0; at = body.nodes()[at].parent) {
    if (!isa<clang::Expr>(body.stmt(at))) return ConditionOf(body.stmt(at)) ? &body.stmt(at) : nullptr;
  }
  return nullptr;
}

// The nearest if, ?:, switch or loop around the node.
Guard AroundIt(const FunctionBody& body, int node) {
  int child = node;
  for (int at = body.nodes()[node].parent; at >= 0; child = at, at = body.nodes()[at].parent) {
    const clang::Stmt& stmt = body.stmt(at);
    if (isa<clang::LambdaExpr>(stmt)) break;
    const clang::Expr* condition = ConditionOf(stmt);
    if (!condition || isa<clang::DoStmt>(stmt) || &body.stmt(child) == condition) continue;
    Guard guard{&stmt, condition, 1};
    if (isa<clang::SwitchStmt>(stmt)) guard.outcome = -1;
    if (const auto* branch = dyn_cast<clang::IfStmt>(&stmt); branch && branch->getElse() == &body.stmt(child))
      guard.outcome = 0;
    if (const auto* choice = dyn_cast<clang::ConditionalOperator>(&stmt);
        choice && choice->getRHS() == &body.stmt(child))
      guard.outcome = 0;
    return guard;
  }
  return {};
}

}  // namespace

struct Guards::Graphs {
  struct Graph {
    std::unique_ptr<clang::CFG> cfg;
    std::map<const clang::Stmt*, const clang::CFGBlock*> blocks;
  };
  std::map<int, Graph> of_lambda;  // -1: the function
};

Guards::Guards(clang::ASTContext& context, const FunctionBody& body)
    : context_(context), body_(body), graphs_(new Graphs) {}

Guards::~Guards() { delete graphs_; }

Guard Guards::Of(int node) {
  const int lambda = body_.Lambda(node);
  const clang::FunctionDecl* function = &body_.function();
  if (lambda >= 0) function = llvm::cast<clang::LambdaExpr>(body_.stmt(lambda)).getCallOperator();
  if (function->isDependentContext()) return AroundIt(body_, node);

  auto [it, fresh] = graphs_->of_lambda.try_emplace(lambda);
  Graphs::Graph& graph = it->second;
  if (fresh) {
    clang::CFG::BuildOptions options;
    options.PruneTriviallyFalseEdges = true;
    options.setAllAlwaysAdd();
    graph.cfg = clang::CFG::buildCFG(function, function->getBody(), &context_, options);
    if (graph.cfg) {
      for (const clang::CFGBlock* block : *graph.cfg) {
        for (const clang::CFGElement& element : *block) {
          if (const auto stmt = element.getAs<clang::CFGStmt>()) graph.blocks[stmt->getStmt()] = block;
        }
      }
    }
  }
  const auto start = graph.blocks.find(&body_.stmt(node));
  if (start == graph.blocks.end()) return AroundIt(body_, node);

  // Back along the only way in, to a block that decides.
  const clang::CFGBlock* block = start->second;
  for (unsigned steps = 0; steps < graph.cfg->size(); ++steps) {
    const clang::CFGBlock* before = nullptr;
    int ways_in = 0;
    for (const clang::CFGBlock::AdjacentBlock& predecessor : block->preds()) {
      if (!predecessor.isReachable() || !predecessor.getReachableBlock()) continue;
      before = predecessor.getReachableBlock();
      ++ways_in;
    }
    if (ways_in != 1) return AroundIt(body_, node);  // a join: what is around it decides, if anything
    const clang::Stmt* terminator = before->getTerminatorStmt();
    if (terminator && before->succ_size() == 2 && !isa<clang::SwitchStmt>(terminator)) {
      const clang::Stmt* branch = BranchOf(body_, terminator);
      if (branch && ConditionOf(*branch)) {
        const bool on_true = before->succ_begin()->getReachableBlock() == block;
        return {branch, ConditionOf(*branch), on_true ? 1 : 0};
      }
    }
    if (terminator && isa<clang::SwitchStmt>(terminator)) return {terminator, ConditionOf(*terminator), -1};
    block = before;
  }
  return {};
}

}  // namespace rankle::points
