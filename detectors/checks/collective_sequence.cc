#include "detectors/checks/collective_sequence.h"

#include <algorithm>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/conditions.h"
#include "detectors/checks/expressions.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr size_t kMostWays = 64;  // from a branch to where its ways meet; more are not compared

// "ncclAllReduce@2" of a function whose third parameter is the communicator, as this call of it.
std::string AsCalled(const std::string& entry, const Call& call) {
  const size_t at = entry.find('@');
  if (at == std::string::npos || at + 1 >= entry.size() ||
      !isdigit(static_cast<unsigned char>(entry[at + 1])))
    return entry;
  const int parameter = atoi(entry.c_str() + at + 1);
  const clang::Expr* argument = call.At(static_cast<int8_t>(parameter));
  return entry.substr(0, at) + " " + (argument ? Canonical(argument) : "?");
}

// Is the branch about the result of a call, and this the side where it failed?
bool Fails(const FunctionView& function, const FlowEdge& edge) {
  if (!edge.condition) return false;
  const NotZero not_zero = NotZeroOf(edge.condition, edge.outcome, function.unit().context());
  if (not_zero.value) return not_zero.outcome && IsResult(not_zero.value->getType());
  // `r != ncclSuccess && r != ncclInProgress`
  const auto* binary = dyn_cast<clang::BinaryOperator>(Strip(edge.condition));
  return binary && binary->isEqualityOp() && IsResult(Strip(binary->getLHS())->getType()) &&
         edge.outcome == (binary->getOpcode() == clang::BO_NE);
}

}  // namespace

CollectiveCalls::CollectiveCalls(const FunctionView& function, int lambda) {
  for (const Call& call : function.calls()) {
    if (call.lambda != lambda || !IsCollective(*call.api)) continue;
    if (call.api->name == "ncclCommShrink") continue;  // by those that remain
    const clang::Expr* comm = call.At(call.api->at.comm);
    at_[call.node].push_back(std::string(call.api->name) + " " + (comm ? Canonical(comm) : ""));
  }
  for (const Call& call : function.other_calls()) {
    const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
    if (call.lambda != lambda || !callee) continue;
    for (const std::string& entry : function.unit().summaries().Of(*callee).collectives)
      at_[call.node].push_back(AsCalled(entry, call));
  }
}

std::vector<CollectiveCall> CollectiveCalls::In(const FlowBlock& block) const {
  std::vector<CollectiveCall> found;
  for (const FlowStep& step : block.steps) {
    const auto calls = at_.find(step.node);
    if (calls == at_.end()) continue;
    for (const std::string& what : calls->second) found.push_back({what, step.node});
  }
  return found;
}

std::vector<int> ImmediatePostDominators(const Flow& flow) {
  const size_t count = flow.blocks().size();
  // dominated[b]: blocks on every way from b to the exit. Blocks that never get there keep all.
  std::vector<std::vector<bool>> on_every(count, std::vector<bool>(count, true));
  on_every[flow.exit()].assign(count, false);
  on_every[flow.exit()][flow.exit()] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t block = 0; block < count; ++block) {
      if (static_cast<int>(block) == flow.exit()) continue;
      std::vector<bool> both(count, true);
      bool any = false;
      for (const FlowEdge& edge : flow.blocks()[block].next) {
        if (edge.thrown_by) continue;
        any = true;
        for (size_t i = 0; i < count; ++i) both[i] = both[i] && on_every[edge.to][i];
      }
      if (!any) continue;
      both[block] = true;
      if (both != on_every[block]) {
        on_every[block] = std::move(both);
        changed = true;
      }
    }
  }
  std::vector<int> nearest(count, -1);
  std::vector<size_t> sizes(count);
  for (size_t i = 0; i < count; ++i)
    sizes[i] = static_cast<size_t>(std::count(on_every[i].begin(), on_every[i].end(), true));
  for (size_t block = 0; block < count; ++block) {
    // Of those on every way the nearest has the most behind it.
    size_t most = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i == block || !on_every[block][i] || sizes[i] >= count || sizes[i] <= most) continue;
      most = sizes[i];
      nearest[block] = static_cast<int>(i);
    }
  }
  return nearest;
}

std::optional<std::vector<Sequence>> SequencesAlong(const FunctionView& function, const Flow& flow,
                                                    const CollectiveCalls& calls, int branch,
                                                    const FlowEdge& edge, int end) {
  struct Way {
    int block;
    Sequence sequence;
    std::vector<int> been;
  };
  std::vector<Sequence> found;
  std::vector<Way> work{{edge.to, {}, {}}};
  size_t taken = 0;
  while (!work.empty()) {
    Way way = std::move(work.back());
    work.pop_back();
    if (++taken > 64 * kMostWays) return std::nullopt;
    if (way.block == end || way.block == branch || way.block == flow.exit()) {
      found.push_back(std::move(way.sequence));
      if (found.size() > kMostWays) return std::nullopt;
      continue;
    }
    // Round a loop once: what it repeats, it repeats on both sides.
    if (std::count(way.been.begin(), way.been.end(), way.block) > 1) continue;
    way.been.push_back(way.block);
    const FlowBlock& block = flow.blocks()[way.block];
    const bool throws = std::any_of(block.steps.begin(), block.steps.end(), [](const FlowStep& step) {
      return step.stmt && isa<clang::CXXThrowExpr>(step.stmt);
    });
    if (throws) continue;
    for (CollectiveCall& call : calls.In(block)) way.sequence.push_back(std::move(call));
    for (const FlowEdge& next : block.next) {
      if (next.thrown_by || Fails(function, next)) continue;
      work.push_back({next.to, way.sequence, way.been});
    }
  }
  return found;
}

}  // namespace rankle::lint
