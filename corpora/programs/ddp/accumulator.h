// Gradient accumulation: the mean of the gradients of several micro-steps, so that they travel once.
//
// Contract: pure. Ranges may come in any order, each once a micro-step.
#ifndef RANKLE_CORPORA_PROGRAMS_DDP_ACCUMULATOR_H_
#define RANKLE_CORPORA_PROGRAMS_DDP_ACCUMULATOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "corpora/programs/common/layers.h"

namespace rankle::programs {

class Accumulator {
 public:
  // With one micro-step nothing is kept and gradients stay as they are, bit by bit.
  Accumulator(size_t count, int micro_steps) : micro_steps_(micro_steps), sum_(micro_steps > 1 ? count : 0) {}

  int micro_steps() const { return micro_steps_; }
  // Steps count from 1.
  bool Completes(int64_t step) const { return step % micro_steps_ == 0; }
  // How many were completed before `step`.
  int64_t CompletedBefore(int64_t step) const { return (step - 1) / micro_steps_; }

  // Takes what `gradients` hold in [begin, end) as this micro-step's. In the last one they become the mean of
  // all, and the sum begins anew.
  void Take(int64_t step, size_t begin, size_t end, Floats gradients) {
    if (micro_steps_ == 1) return;
    for (size_t i = begin; i < end; ++i) {
      sum_[i] += gradients[i];
      if (!Completes(step)) continue;
      gradients[i] = sum_[i] / static_cast<float>(micro_steps_);
      sum_[i] = 0;
    }
  }

 private:
  int micro_steps_;
  std::vector<float> sum_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_DDP_ACCUMULATOR_H_
