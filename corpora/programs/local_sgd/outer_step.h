// What ranks do with the mean of their parameters when they meet: local SGD goes on from it; DiLoCo
// (Douillard et al. 2023) takes the way there as a gradient and makes a step of SGD with Nesterov momentum.
//
// Contract: pure; equal inputs give equal bits, so anchors of all ranks stay equal.
#ifndef RANKLE_CORPORA_PROGRAMS_LOCAL_SGD_OUTER_STEP_H_
#define RANKLE_CORPORA_PROGRAMS_LOCAL_SGD_OUTER_STEP_H_

#include <vector>

#include "corpora/programs/common/layers.h"

namespace rankle::programs {

class OuterStep {
 public:
  // Momentum 0 and learning rate 1 make it local SGD.
  OuterStep(size_t count, double learning_rate, double momentum)
      : learning_rate_(static_cast<float>(learning_rate)),
        momentum_(static_cast<float>(momentum)),
        anchor_(count),
        velocity_(count) {}

  // Where ranks start from.
  void Anchor(ConstFloats parameters) { anchor_.assign(parameters.begin(), parameters.end()); }

  // `mean` is the mean of all ranks' parameters, and becomes what all go on from.
  void Apply(Floats mean) {
    for (size_t i = 0; i < anchor_.size(); ++i) {
      const float way = anchor_[i] - mean[i];
      velocity_[i] = momentum_ * velocity_[i] + way;
      anchor_[i] -= learning_rate_ * (way + momentum_ * velocity_[i]);
      mean[i] = anchor_[i];
    }
  }

  // Part of a checkpoint.
  Floats anchor() { return anchor_; }
  Floats velocity() { return velocity_; }

 private:
  float learning_rate_, momentum_;
  std::vector<float> anchor_, velocity_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_LOCAL_SGD_OUTER_STEP_H_
