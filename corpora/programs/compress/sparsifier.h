// Gradient compression by threshold with error feedback: only values that are large against the others of the
// same step travel; the rest is held back and added to the next step's gradient (Strom 2015; Stich et al.
// 2018). How many travel differs by rank and step.
//
// Contract: pure; equal inputs give equal bits.
#ifndef RANKLE_CORPORA_PROGRAMS_COMPRESS_SPARSIFIER_H_
#define RANKLE_CORPORA_PROGRAMS_COMPRESS_SPARSIFIER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "corpora/programs/common/layers.h"

namespace rankle::programs {

class Sparsifier {
 public:
  // Values of at least `threshold` times the root mean square travel.
  Sparsifier(size_t count, double threshold) : threshold_(threshold), held_back_(count) {}

  // Adds `gradients` to what was held back, takes out what travels and returns how many those are.
  // `positions` and `values` have room for all.
  size_t Select(ConstFloats gradients, std::span<int32_t> positions, Floats values);

  // The error that is fed back: this rank's own, part of a checkpoint.
  Floats held_back() { return held_back_; }

 private:
  double threshold_;
  std::vector<float> held_back_;
};

// gradients[position] += value * scale. False, with a part of the work done: a position lies outside, so what
// was received is not what somebody sent.
[[nodiscard]] bool AddSparse(std::span<const int32_t> positions, ConstFloats values, float scale,
                             Floats gradients);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMPRESS_SPARSIFIER_H_
