// Adam (Kingma & Ba 2015) on a flat range of parameters, or on the shard of it that this rank owns.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_ADAM_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_ADAM_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "corpora/programs/common/layers.h"

namespace rankle::programs {

class Adam {
 public:
  Adam(size_t count, double learning_rate) : learning_rate_(learning_rate), mean_(count), square_(count) {}

  // `steps_before` is how many updates these parameters had (it corrects the bias of the young averages).
  void Update(ConstFloats gradients, int64_t steps_before, Floats parameters) {
    constexpr double kMeanDecay = 0.9, kSquareDecay = 0.99, kEpsilon = 1e-8;
    const double t = static_cast<double>(steps_before + 1);
    const double mean_scale = 1 / (1 - std::pow(kMeanDecay, t));
    const double square_scale = 1 / (1 - std::pow(kSquareDecay, t));
    for (size_t i = 0; i < parameters.size(); ++i) {
      const double g = gradients[i];
      mean_[i] = static_cast<float>(kMeanDecay * mean_[i] + (1 - kMeanDecay) * g);
      square_[i] = static_cast<float>(kSquareDecay * square_[i] + (1 - kSquareDecay) * g * g);
      parameters[i] -= static_cast<float>(learning_rate_ * mean_[i] * mean_scale /
                                          (std::sqrt(square_[i] * square_scale) + kEpsilon));
    }
  }

  // The state that a checkpoint must keep.
  Floats mean() { return mean_; }
  Floats square() { return square_; }

 private:
  double learning_rate_;
  std::vector<float> mean_, square_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_ADAM_H_
