#include "detectors/checks/p2p_not_grouped.h"

#include <algorithm>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/group_paths.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

// The ifs around a node, each with whether the node is in its else; up to its lambda.
std::vector<std::pair<const clang::IfStmt*, bool>> Ifs(const tooling::FunctionBody& body, int node) {
  std::vector<std::pair<const clang::IfStmt*, bool>> ifs;
  int child = node;
  for (int at = body.nodes()[node].parent; at >= 0; child = at, at = body.nodes()[at].parent) {
    if (llvm::isa<clang::LambdaExpr>(body.stmt(at))) break;
    const auto* branch = dyn_cast<clang::IfStmt>(&body.stmt(at));
    if (!branch || branch->getCond() == &body.stmt(child) || branch->getInit() == &body.stmt(child)) continue;
    ifs.emplace_back(branch, branch->getElse() == &body.stmt(child));
  }
  std::reverse(ifs.begin(), ifs.end());
  return ifs;
}

class P2pNotGrouped : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-p2p-not-grouped",
                                     "a send and a receive on one path, not in one group",
                                     "distributed_communication_error", "hang/deadlock", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    for (const int lambda : function.Lambdas()) {
      const GroupPaths* paths = function.Groups(lambda);
      if (!paths || GivenToAGroup(function, lambda)) continue;
      std::set<int> said;
      for (const LoosePair& pair : paths->loose) {
        const Call *first = function.CallAt(pair.first), *second = function.CallAt(pair.second);
        if (!first || !second || Chain(function, pair) || said.count(pair.second)) continue;
        if (!said.insert(pair.first).second) continue;
        report
            .Add(*first, first->callee->getNameAsString() +
                             " waits for the peer, which may wait in the same way; "
                             "put it into one group with " +
                             second->callee->getNameAsString())
            .Note(second->expr->getBeginLoc(), "its counterpart, which comes only after it");
      }
    }
  }

 private:
  // `InGroup([&] { ... })`: runs between the start and end of the function that it is given to.
  static bool GivenToAGroup(const FunctionView& function, int lambda) {
    if (lambda < 0) return false;
    for (const Call& call : function.other_calls()) {
      const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
      if (callee && function.body().Inside(lambda, call.node) &&
          function.unit().summaries().Of(*callee).has_group)
        return true;
    }
    return false;
  }

  // A pipeline, whose ends leave out one of the two; or ranks that take turns: what this branch does first,
  // the other branch does last.
  static bool Chain(const FunctionView& function, const LoosePair& pair) {
    const auto first = Ifs(function.body(), pair.first), second = Ifs(function.body(), pair.second);
    if (first != second) return true;
    for (const auto& [branch, in_else] : first) {
      const clang::Stmt* other = in_else ? branch->getThen() : branch->getElse();
      const Call* begins = FirstTransfer(function, other ? other : nullptr);
      if (!begins && !other) begins = FirstTransferAfter(function, *branch);
      if (begins && Sends(function, *begins) != Sends(function, *function.CallAt(pair.first))) return true;
    }
    return AfterTheOthers(function, *function.CallAt(pair.first));
  }

  // `if (even) { send; receive; return; } receive; send;`, seen from the end.
  static bool AfterTheOthers(const FunctionView& function, const Call& first) {
    const tooling::FunctionBody& body = function.body();
    for (int i = 0; i < first.node; ++i) {
      const auto* branch = dyn_cast<clang::IfStmt>(&body.stmt(i));
      if (!branch || body.Inside(first.node, i) || !EndsInReturn(*branch)) continue;
      const Call* begins = FirstTransfer(function, branch->getThen());
      if (begins && Sends(function, *begins) != Sends(function, first)) return true;
    }
    return false;
  }

  static bool EndsInReturn(const clang::IfStmt& branch) {
    const auto* block = dyn_cast<clang::CompoundStmt>(branch.getThen());
    return block && !block->body_empty() && llvm::isa<clang::ReturnStmt>(block->body_back());
  }

  static bool Sends(const FunctionView& function, const Call& call) {
    if (call.api) return call.api->kind == Kind::kSend;
    const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
    return callee && function.unit().summaries().Of(*callee).sends;
  }
  static bool IsTransfer(const FunctionView& function, const Call& call) {
    if (call.api) return call.api->library == Library::kNccl && IsP2p(*call.api);
    const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
    if (!callee) return false;
    const FunctionSummary& summary = function.unit().summaries().Of(*callee);
    return summary.sends || summary.receives;
  }

  static const Call* FirstOf(const FunctionView& function, int begin, int end) {
    const Call* found = nullptr;
    for (const auto* calls : {&function.calls(), &function.other_calls()}) {
      for (const Call& call : *calls) {
        if (call.node > begin && call.node < end && IsTransfer(function, call) &&
            (!found || call.node < found->node))
          found = &call;
      }
    }
    return found;
  }
  static const Call* FirstTransfer(const FunctionView& function, const clang::Stmt* below) {
    const int node = below ? function.body().Find(below) : -1;
    return node < 0 ? nullptr : FirstOf(function, node - 1, function.body().end(node));
  }
  // `if (even) { ...; return; } ...`
  static const Call* FirstTransferAfter(const FunctionView& function, const clang::IfStmt& branch) {
    if (!EndsInReturn(branch)) return nullptr;
    const int node = function.body().Find(&branch);
    return FirstOf(function, function.body().end(node) - 1, function.body().size());
  }
};

}  // namespace

std::unique_ptr<Check> MakeP2pNotGrouped() { return std::make_unique<P2pNotGrouped>(); }

}  // namespace rankle::lint
