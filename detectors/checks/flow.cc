#include "detectors/checks/flow.h"

#include <map>
#include <memory>

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "clang/Analysis/CFG.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

std::unique_ptr<clang::CFG> MakeGraph(const clang::ASTContext& context, const tooling::FunctionBody& body,
                                      int lambda) {
  clang::CFG::BuildOptions options;
  options.PruneTriviallyFalseEdges = true;
  options.AddEHEdges = true;
  options.AddInitializers = true;
  options.AddImplicitDtors = true;
  options.setAllAlwaysAdd();
  const clang::Decl* decl = &body.function();
  clang::Stmt* root = body.function().getBody();
  if (lambda >= 0) {
    const auto& expression = llvm::cast<clang::LambdaExpr>(body.stmt(lambda));
    decl = expression.getCallOperator();
    root = const_cast<clang::Stmt*>(static_cast<const clang::Stmt*>(expression.getBody()));
  }
  return clang::CFG::buildCFG(decl, root, const_cast<clang::ASTContext*>(&context), options);
}

void AddSteps(const clang::CFGBlock& from, const std::map<const clang::Stmt*, int>& nodes, FlowBlock& to) {
  for (const clang::CFGElement& element : from) {
    if (const auto stmt = element.getAs<clang::CFGStmt>()) {
      const auto node = nodes.find(stmt->getStmt());
      to.steps.push_back({stmt->getStmt(), node == nodes.end() ? -1 : node->second, nullptr});
    } else if (const auto destructor = element.getAs<clang::CFGAutomaticObjDtor>()) {
      to.steps.push_back({nullptr, -1, destructor->getVarDecl()});
    }
  }
}

bool AsksLoop(const clang::Stmt* terminator) {
  return isa_and_nonnull<clang::ForStmt, clang::WhileStmt, clang::DoStmt, clang::CXXForRangeStmt>(terminator);
}

// What decides over the way out: of `if (a && b)` the part that this block evaluates, not the whole.
const clang::Expr* Asked(const clang::CFGBlock& block) {
  const clang::Stmt* terminator = block.getTerminatorStmt();
  if (!terminator || isa<clang::CXXTryStmt, clang::CXXForRangeStmt>(terminator)) return nullptr;
  if (!isa<clang::SwitchStmt>(terminator)) {
    if (const clang::Expr* last = block.getLastCondition()) return last;
  }
  return llvm::dyn_cast_or_null<clang::Expr>(block.getTerminatorCondition());
}

// May the handler take an exception of the type? Where it cannot be told, it does.
bool Takes(const clang::CXXCatchStmt& handler, clang::QualType thrown) {
  const clang::QualType caught = handler.getCaughtType();
  if (caught.isNull() || thrown.isNull() || caught->isDependentType() || thrown->isDependentType())
    return true;
  const auto bare = [](clang::QualType type) {
    return type.getNonReferenceType().getCanonicalType().getUnqualifiedType();
  };
  if (bare(caught) == bare(thrown)) return true;
  const clang::CXXRecordDecl* base = bare(caught)->getAsCXXRecordDecl();
  const clang::CXXRecordDecl* derived = bare(thrown)->getAsCXXRecordDecl();
  if (!base != !derived) return false;
  return !base || !base->hasDefinition() || !derived->hasDefinition() || derived->isDerivedFrom(base);
}

// Where the exception of a `throw` goes whose block leads to `target`: past the attempts whose handlers do
// not take it.
const clang::CFGBlock* Thrown(const clang::CFGBlock& from, const clang::CFGBlock* target) {
  const auto last = from.empty() ? std::nullopt : from.back().getAs<clang::CFGStmt>();
  const auto* thrown = last ? dyn_cast<clang::CXXThrowExpr>(last->getStmt()) : nullptr;
  if (!thrown || !thrown->getSubExpr()) return target;
  while (isa_and_nonnull<clang::CXXTryStmt>(target->getTerminatorStmt())) {
    const clang::CFGBlock* outside = nullptr;
    for (const clang::CFGBlock::AdjacentBlock& successor : target->succs()) {
      const clang::CFGBlock* block = successor.getReachableBlock();
      if (!block) continue;
      const auto* handler = llvm::dyn_cast_or_null<clang::CXXCatchStmt>(block->getLabel());
      if (handler && Takes(*handler, thrown->getSubExpr()->getType())) return target;
      if (!handler) outside = block;
    }
    if (!outside) return target;
    target = outside;
  }
  return target;
}

void AddEdges(const clang::CFGBlock& from, FlowBlock& to) {
  const clang::Stmt* terminator = from.getTerminatorStmt();
  const bool choice = terminator && from.succ_size() == 2 &&
                      !isa<clang::SwitchStmt, clang::CXXTryStmt, clang::CXXForRangeStmt>(terminator);
  const clang::Expr* condition = choice ? Asked(from) : nullptr;
  int index = 0;
  for (const clang::CFGBlock::AdjacentBlock& successor : from.succs()) {
    const int position = index++;
    const clang::CFGBlock* block = successor.getReachableBlock();
    if (!block) continue;
    // What a handler does not take travels on; that one of them takes it is the rule.
    if (isa_and_nonnull<clang::CXXTryStmt>(terminator) &&
        !isa_and_nonnull<clang::CXXCatchStmt>(block->getLabel()))
      continue;
    block = Thrown(from, block);
    FlowEdge edge{static_cast<int>(block->getBlockID()), condition, position == 0, nullptr};
    // clang ends a block after each call that may throw: its second way out is that of the exception.
    if (!terminator && position == 1 && !from.empty()) {
      if (const auto stmt = from.back().getAs<clang::CFGStmt>()) edge.thrown_by = stmt->getStmt();
    }
    to.next.push_back(edge);
  }
}

}  // namespace

std::optional<Flow> Flow::Of(const clang::ASTContext& context, const tooling::FunctionBody& body,
                             int lambda) {
  const std::unique_ptr<clang::CFG> graph = MakeGraph(context, body, lambda);
  if (!graph) return std::nullopt;
  std::map<const clang::Stmt*, int> nodes;
  for (int i = 0; i < body.size(); ++i) nodes.emplace(&body.stmt(i), i);
  Flow flow;
  flow.blocks_.resize(graph->getNumBlockIDs());
  flow.previous_.resize(graph->getNumBlockIDs());
  flow.entry_ = static_cast<int>(graph->getEntry().getBlockID());
  flow.exit_ = static_cast<int>(graph->getExit().getBlockID());
  for (const clang::CFGBlock* block : *graph) {
    FlowBlock& to = flow.blocks_[block->getBlockID()];
    AddSteps(*block, nodes, to);
    AddEdges(*block, to);
    to.loop = AsksLoop(block->getTerminatorStmt());
    to.asks = Asked(*block);
    to.handler = isa_and_nonnull<clang::CXXCatchStmt>(block->getLabel());
    to.no_return = block->hasNoReturnElement();
    // What ends the process is no way to the end of the function.
    if (to.no_return) to.next.clear();
  }
  for (size_t i = 0; i < flow.blocks_.size(); ++i) {
    for (const FlowEdge& edge : flow.blocks_[i].next) flow.previous_[edge.to].push_back(static_cast<int>(i));
  }
  return flow;
}

}  // namespace rankle::lint
