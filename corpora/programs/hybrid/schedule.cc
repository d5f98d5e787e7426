#include "corpora/programs/hybrid/schedule.h"

#include <algorithm>
#include <utility>

namespace rankle::programs {
namespace {

using What = Transfer::What;

class Builder {
 public:
  Builder(int stage, int stages, int microbatches)
      : first_(stage == 0), last_(stage == stages - 1), microbatches_(microbatches) {}

  void Forward(int microbatch) { actions_.push_back({PipelineAction::Kind::kForward, microbatch, {}}); }
  void Backward(int microbatch) { actions_.push_back({PipelineAction::Kind::kBackward, microbatch, {}}); }

  // Leaves out what has no partner: the first stage receives no activation, and so on.
  void Exchange(std::vector<Transfer> wanted) {
    std::erase_if(wanted, [this](const Transfer& transfer) {
      const bool upstream = transfer.what == What::kReceiveActivation || transfer.what == What::kSendGradient;
      return (upstream ? first_ : last_) || transfer.microbatch >= microbatches_;
    });
    if (!wanted.empty()) actions_.push_back({PipelineAction::Kind::kTransfer, 0, std::move(wanted)});
  }

  std::vector<PipelineAction> Take() { return std::move(actions_); }

 private:
  const bool first_, last_;
  const int microbatches_;
  std::vector<PipelineAction> actions_;
};

}  // namespace

std::vector<PipelineAction> OneForwardOneBackward(int stage, int stages, int microbatches) {
  Builder builder(stage, stages, microbatches);
  const int warm_up = std::min(stages - stage - 1, microbatches);
  for (int i = 0; i < warm_up; ++i) {
    builder.Exchange({{What::kReceiveActivation, i}});
    builder.Forward(i);
    builder.Exchange({{What::kSendActivation, i}});
  }
  // In the steady state two neighbours send to each other at the same time, so each pair is one group.
  builder.Exchange({{What::kReceiveActivation, warm_up}});
  for (int i = warm_up; i < microbatches; ++i) {
    builder.Forward(i);
    builder.Exchange({{What::kSendActivation, i}, {What::kReceiveGradient, i - warm_up}});
    builder.Backward(i - warm_up);
    builder.Exchange({{What::kSendGradient, i - warm_up}, {What::kReceiveActivation, i + 1}});
  }
  for (int i = microbatches - warm_up; i < microbatches; ++i) {
    builder.Exchange({{What::kReceiveGradient, i}});
    builder.Backward(i);
    builder.Exchange({{What::kSendGradient, i}});
  }
  return builder.Take();
}

}  // namespace rankle::programs
