// The arithmetic of one pipeline stage on one tensor rank: a residual block per layer whose hidden width is
// split over the tensor ranks (first matrix by columns, second by rows), the embedding on the first stage,
// the output layer on the last.
//
// Contract: pure. Between BlockForward and the next layer the caller sums `partial` over the tensor ranks
// (and the same for BlockBackward): that sum is the communication of tensor parallelism. Parameter values
// depend on their place in the whole model only, so every layout trains the same model.
#ifndef RANKLE_CORPORA_PROGRAMS_HYBRID_STAGE_MODEL_H_
#define RANKLE_CORPORA_PROGRAMS_HYBRID_STAGE_MODEL_H_

#include <cstdint>
#include <vector>

#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/layers.h"

namespace rankle::programs {

struct StageShape {
  int vocabulary = 0;
  int context = 8;
  int embed = 8;
  int hidden = 32;  // of the whole block
  int layers = 1;   // of this stage
  int first_layer = 0;
  int tensor = 1, tensor_rank = 0;
  bool has_embedding = true, has_output = true;

  int width() const { return context * embed; }
  int hidden_shard() const { return hidden / tensor; }
};

class StageModel {
 public:
  explicit StageModel(const StageShape& shape);

  const StageShape& shape() const { return shape_; }
  size_t parameter_count() const { return count_; }
  void Initialize(uint64_t seed, Floats parameters) const;

  // The parameters that every tensor rank has alike: embedding, output.
  std::vector<Floats> Replicated(Floats parameters) const;

  void Embed(ConstFloats parameters, Tokens inputs, Floats x) const;
  // activation[rows x hidden_shard] is kept for the backward pass.
  void BlockForward(ConstFloats parameters, int layer, ConstFloats x, Floats activation,
                    Floats partial) const;
  // logits becomes the gradient of the logits.
  double Output(ConstFloats parameters, ConstFloats x, Tokens targets, Floats logits) const;

  // Backward functions add to `gradients`.
  void OutputBackward(ConstFloats parameters, ConstFloats x, ConstFloats dlogits, Floats dx,
                      Floats gradients) const;
  // dy passes through the residual connection to dx; `partial` is to be summed and added.
  void BlockBackward(ConstFloats parameters, int layer, ConstFloats x, ConstFloats activation, ConstFloats dy,
                     Floats scratch, Floats partial, Floats gradients) const;
  void EmbedBackward(Tokens inputs, ConstFloats dx, Floats gradients) const;

 private:
  struct Range {
    size_t begin = 0, count = 0;
    template <typename T>
    std::span<T> of(std::span<T> all) const {
      return all.subspan(begin, count);
    }
  };
  struct Block {
    Range up, up_bias, down;
  };
  Range Take(size_t count);

  StageShape shape_;
  size_t count_ = 0;
  Range table_, output_, output_bias_;
  std::vector<Block> blocks_;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_HYBRID_STAGE_MODEL_H_
