// A character-level language model: embeddings of the last characters, concatenated, through hidden tanh
// layers to logits of the next character. Parameters are one flat array, so that it can be cut into buckets
// or shards.
//
// Contract: parameters and gradients belong to the caller; activations belong to the object, so one object
// serves one batch at a time. Backward runs in phases, from the output down, so that gradients of a layer can
// travel while the layers below are still computing.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_CHAR_LM_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_CHAR_LM_H_

#include <cstdint>
#include <vector>

#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/layers.h"

namespace rankle::programs {

struct CharLmShape {
  int vocabulary = 0;
  int context = 8;
  int embed = 8;
  int hidden = 32;
  int layers = 2;
};

class CharLm {
 public:
  CharLm(const CharLmShape& shape, int batch);

  size_t parameter_count() const { return parameter_count_; }
  void Initialize(uint64_t seed, Floats parameters) const;

  // Returns the mean loss and leaves the gradient of the logits for the phases below.
  double Forward(ConstFloats parameters, const Batch& batch);

  // Phase 0 is the output layer, the last one the embedding.
  int phases() const { return static_cast<int>(layers_.size()) + 1; }
  // Gradients of parameters from this offset upwards are final after `phase`.
  size_t PhaseFloor(int phase) const;
  // Overwrites the gradients of the phase's parameters. Phases run in order after Forward with the same
  // batch.
  void BackwardPhase(int phase, ConstFloats parameters, const Batch& batch, Floats gradients);

 private:
  struct Layer {
    int in, out;
    size_t weights, bias;  // offsets into the parameters
  };
  // Input of layer i; the last one is the gradient of the logits after Forward.
  Floats Activation(size_t i) { return activations_[i]; }

  CharLmShape shape_;
  size_t parameter_count_ = 0;
  std::vector<Layer> layers_;  // hidden ones, then the output
  std::vector<std::vector<float>> activations_;
  std::vector<float> upstream_, downstream_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_CHAR_LM_H_
