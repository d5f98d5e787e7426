#include "detectors/checks/rank_dependent_collective.h"

#include <algorithm>

#include "clang/AST/Decl.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/collective_sequence.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/rank_taint.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

std::vector<std::string> Words(const Sequence& sequence) {
  std::vector<std::string> words;
  for (const CollectiveCall& call : sequence) words.push_back(call.what);
  return words;
}

bool Has(const std::vector<Sequence>& side, const Sequence& wanted) {
  return std::any_of(side.begin(), side.end(),
                     [&](const Sequence& sequence) { return Words(sequence) == Words(wanted); });
}

// Where a sequence that the other side does not have leaves the one there that is most like it: the node of
// the first call that differs, of either; -1: none does.
int Difference(const Sequence& sequence, const std::vector<Sequence>& other) {
  size_t longest = 0;
  const Sequence* nearest = nullptr;
  for (const Sequence& candidate : other) {
    size_t same = 0;
    while (same < sequence.size() && same < candidate.size() && sequence[same].what == candidate[same].what)
      ++same;
    if (!nearest || same > longest || (same == longest && candidate.size() < nearest->size())) {
      nearest = &candidate;
      longest = same;
    }
  }
  if (longest < sequence.size()) return sequence[longest].node;
  return nearest && longest < nearest->size() ? (*nearest)[longest].node : -1;
}

// The call at which two sides differ, the first in the source; -1: they do not.
int FirstDifference(const std::vector<Sequence>& one, const std::vector<Sequence>& two) {
  int first = -1;
  const auto look = [&](const std::vector<Sequence>& side, const std::vector<Sequence>& other) {
    for (const Sequence& sequence : side) {
      if (Has(other, sequence)) continue;
      const int node = Difference(sequence, other);
      if (node >= 0 && (first < 0 || node < first)) first = node;
    }
  };
  if (one.empty() || two.empty()) return -1;  // one side ends the process
  look(one, two);
  look(two, one);
  return first;
}

class RankDependentCollective : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-rank-dependent-collective",
                                     "a condition on the rank decides over collectives",
                                     "distributed_communication_error", "hang/mismatch", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    for (const int lambda : function.Lambdas()) {
      const CollectiveCalls calls(function, lambda);
      const Flow* flow = calls.empty() ? nullptr : function.FlowOf(lambda);
      if (flow) Follow(function, lambda, *flow, calls, report);
    }
  }

 private:
  static void Follow(const FunctionView& function, int lambda, const Flow& flow, const CollectiveCalls& calls,
                     Reporter& report) {
    const RankTaint taint(function, lambda, /*local_data=*/false);
    std::optional<std::vector<int>> meet;  // made when a branch asks for it
    std::set<int> said;
    for (size_t index = flow.blocks().size(); index-- > 0;) {  // clang numbers from the end
      const int block = static_cast<int>(index);
      const FlowBlock& branch = flow.blocks()[block];
      if (!branch.asks || branch.next.size() < 2) continue;
      const std::optional<Tainted> tainted = taint.AtEnd(block);
      if (!tainted || !taint.Depends(branch.asks, *tainted)) continue;
      if (!meet) meet = ImmediatePostDominators(flow);
      std::vector<std::vector<Sequence>> sides;
      bool known = true;
      for (const FlowEdge& edge : branch.next) {
        if (edge.thrown_by) continue;
        auto sequences = SequencesAlong(function, flow, calls, block, edge, (*meet)[block]);
        known &= sequences.has_value();
        if (sequences) sides.push_back(*std::move(sequences));
      }
      if (!known || sides.size() < 2) continue;
      int first = -1;
      for (size_t i = 1; i < sides.size(); ++i) {
        const int node = FirstDifference(sides[0], sides[i]);
        if (node >= 0 && (first < 0 || node < first)) first = node;
      }
      const Call* call = first < 0 ? nullptr : function.CallAt(first);
      if (!call || OfFewRanks(function, *call, *branch.asks) || !said.insert(first).second) continue;
      report
          .Add(*call,
               call->callee->getNameAsString() +
                   " is called depending on the rank: the ranks that call it wait for those that do not, or "
                   "call another")
          .Note(branch.asks->getBeginLoc(), "this condition depends on the rank");
    }
  }

  // A communicator that only these ranks have: from a split or an init of fewer ranks, or one of leaders.
  static bool OfFewRanks(const FunctionView& function, const Call& call, const clang::Expr& condition) {
    if (call.api && call.api->kind == Kind::kCommInit) {
      const clang::Expr* ranks = call.At(1);
      if (!ranks) return true;
      return IntegerOf(ranks, function.unit().context()).has_value() ||
             Canonical(&condition).find(Canonical(ranks)) != std::string::npos;
    }
    const clang::Expr* comm = call.api ? call.At(call.api->at.comm) : CommArgument(call);
    if (!comm) return false;
    const std::string text = Canonical(comm);
    for (const Call& maker : function.calls()) {
      if (maker.api->kind != Kind::kCommSplit && maker.api->kind != Kind::kCommInit) continue;
      const clang::Expr* made = maker.At(maker.api->at.out);
      if (made && Canonical(made) == "(&" + text + ")") return true;
    }
    return NamesPart(comm);
  }

  static const clang::Expr* CommArgument(const Call& call) {
    for (const clang::Expr* argument : call.arguments) {
      const std::string type = argument->getType().getAsString();
      if (type.find("ncclComm") != std::string::npos || type.find("MPI_Comm") != std::string::npos)
        return argument;
    }
    return nullptr;
  }

  // Communicators between the leaders of nodes, as hierarchical reductions have them.
  static bool NamesPart(const clang::Expr* comm) {
    const clang::Expr* inner = Strip(comm);
    std::string name;
    if (const auto* reference = dyn_cast<clang::DeclRefExpr>(inner))
      name = reference->getDecl()->getNameAsString();
    if (const auto* member = dyn_cast<clang::MemberExpr>(inner))
      name = member->getMemberDecl()->getNameAsString();
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const char* word : {"inter", "leader", "cross", "node", "sub", "pair", "half", "roots"}) {
      if (name.find(word) != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<Check> MakeRankDependentCollective() { return std::make_unique<RankDependentCollective>(); }

}  // namespace rankle::lint
