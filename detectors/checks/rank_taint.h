// What depends on the rank of the process, at each point of a function: values made from the rank by data or
// by a choice. A value that the ranks agreed upon (MPI_Bcast, MPI_Allreduce) does not.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "detectors/checks/function_view.h"

namespace rankle::lint {

using Tainted = std::set<const clang::ValueDecl*>;

class RankTaint {
 public:
  // `lambda`: -1 for the function itself; it must have a Flow. `local_data`: values that each rank got for
  // itself (MPI_Recv, MPI_Scatter) count too.
  RankTaint(const FunctionView& function, int lambda, bool local_data);

  bool Depends(const clang::Expr* expression, const Tainted& tainted) const;
  // What is tainted at the end of a block, or before one of its steps; nullopt: it is not reached.
  std::optional<Tainted> AtEnd(int block) const { return Before(block, SIZE_MAX); }
  std::optional<Tainted> Before(int block, size_t step) const;

 private:
  void Apply(const FlowStep& step, Tainted& tainted) const;
  void ApplyCall(const Call& call, Tainted& tainted) const;
  // Is the statement in a branch that a rank decides over?
  bool Chosen(int node, const Tainted& tainted) const;
  bool DependsCall(const clang::CallExpr& call, const Tainted& tainted) const;

  const FunctionView& function_;
  const Flow& flow_;
  bool local_data_;
  mutable int answer_depth_ = 0;  // functions whose answers are being looked at
  std::vector<std::optional<Tainted>> at_begin_;
};

}  // namespace rankle::lint
