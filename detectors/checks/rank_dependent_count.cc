#include "detectors/checks/rank_dependent_count.h"

#include "clang/AST/Expr.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/rank_taint.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {
namespace {

class RankDependentCount : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-rank-dependent-count",
                                     "the count of a collective differs between ranks",
                                     "distributed_communication_error", "hang/mismatch", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    std::set<int> lambdas;
    for (const Call& call : function.calls()) {
      if (IsCollectiveWithCount(*call.api)) lambdas.insert(call.lambda);
    }
    for (const int lambda : lambdas) {
      const Flow* flow = function.FlowOf(lambda);
      if (!flow) continue;
      const RankTaint taint(function, lambda, /*local_data=*/true);
      for (size_t block = 0; block < flow->blocks().size(); ++block) {
        const std::vector<FlowStep>& steps = flow->blocks()[block].steps;
        for (size_t i = 0; i < steps.size(); ++i) {
          const Call* call = steps[i].node < 0 ? nullptr : function.CallAt(steps[i].node);
          if (!call || !call->api || !IsCollectiveWithCount(*call->api)) continue;
          const clang::Expr* count = call->At(call->api->at.count);
          const std::optional<Tainted> tainted = taint.Before(static_cast<int>(block), i);
          if (!count || !tainted || !taint.Depends(count, *tainted)) continue;
          report
              .Add(*call, "the count of " + std::string(call->api->name) +
                              " depends on the rank: all ranks must pass the same")
              .Note(count->getBeginLoc(), "this count");
        }
      }
    }
  }

 private:
  // MPI's own gathers and scatters may differ at the ranks (their v variants have no single count).
  static bool IsCollectiveWithCount(const Api& api) {
    return api.kind == Kind::kCollective && api.at.count >= 0;
  }
};

}  // namespace

std::unique_ptr<Check> MakeRankDependentCount() { return std::make_unique<RankDependentCount>(); }

}  // namespace rankle::lint
