#include "corpora/programs/hybrid/stage_model.h"

#include <algorithm>
#include <cmath>

#include "corpora/programs/common/random.h"

namespace rankle::programs {
namespace {

// Streams of random numbers; those of the blocks follow from 16 up, two each.
enum : uint64_t { kTableStream = 2, kOutputStream = 3, kBlockStream = 16 };

// Rows [row0, row0 + rows) and columns [col0, col0 + cols) of a matrix with all_cols columns.
void FillPart(uint64_t seed, uint64_t stream, double bound, int row0, int rows, int col0, int cols,
              int all_cols, Floats to) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      const uint64_t index = static_cast<uint64_t>(row0 + r) * all_cols + (col0 + c);
      to[static_cast<size_t>(r) * cols + c] = RandomSymmetric(seed, stream, index, bound);
    }
  }
}

}  // namespace

StageModel::StageModel(const StageShape& shape) : shape_(shape) {
  const size_t width = static_cast<size_t>(shape.width()), shard = static_cast<size_t>(shape.hidden_shard());
  if (shape.has_embedding) table_ = Take(static_cast<size_t>(shape.vocabulary) * shape.embed);
  for (int i = 0; i < shape.layers; ++i) {
    Block block;
    block.up = Take(width * shard);
    block.up_bias = Take(shard);
    block.down = Take(shard * width);
    blocks_.push_back(block);
  }
  if (shape.has_output) {
    output_ = Take(width * shape.vocabulary);
    output_bias_ = Take(shape.vocabulary);
  }
}

StageModel::Range StageModel::Take(size_t count) {
  const Range range{count_, count};
  count_ += count;
  return range;
}

void StageModel::Initialize(uint64_t seed, Floats parameters) const {
  const int width = shape_.width(), hidden = shape_.hidden, shard = shape_.hidden_shard();
  const int offset = shard * shape_.tensor_rank;
  const double bound = std::sqrt(6.0 / (width + hidden));
  std::fill(parameters.begin(), parameters.end(), 0.0f);
  if (shape_.has_embedding) {
    FillPart(seed, kTableStream, 0.5, 0, shape_.vocabulary, 0, shape_.embed, shape_.embed,
             table_.of(parameters));
  }
  for (int i = 0; i < shape_.layers; ++i) {
    const uint64_t stream = kBlockStream + 2 * static_cast<uint64_t>(shape_.first_layer + i);
    const Block& block = blocks_[static_cast<size_t>(i)];
    FillPart(seed, stream, bound, 0, width, offset, shard, hidden, block.up.of(parameters));
    FillPart(seed, stream + 1, bound, offset, shard, 0, width, width, block.down.of(parameters));
  }
  if (shape_.has_output) {
    const double output_bound = std::sqrt(6.0 / (width + shape_.vocabulary));
    FillPart(seed, kOutputStream, output_bound, 0, width, 0, shape_.vocabulary, shape_.vocabulary,
             output_.of(parameters));
  }
}

std::vector<Floats> StageModel::Replicated(Floats parameters) const {
  return {table_.of(parameters), output_.of(parameters), output_bias_.of(parameters)};
}

void StageModel::Embed(ConstFloats parameters, Tokens inputs, Floats x) const {
  EmbeddingForward(table_.of(parameters), inputs, shape_.embed, x);
}

void StageModel::BlockForward(ConstFloats parameters, int layer, ConstFloats x, Floats activation,
                              Floats partial) const {
  const Block& block = blocks_[static_cast<size_t>(layer)];
  const int width = shape_.width(), shard = shape_.hidden_shard();
  LinearForward(x, block.up.of(parameters), block.up_bias.of(parameters), width, shard, activation);
  TanhInPlace(activation);
  LinearForward(activation, block.down.of(parameters), {}, shard, width, partial);
}

double StageModel::Output(ConstFloats parameters, ConstFloats x, Tokens targets, Floats logits) const {
  LinearForward(x, output_.of(parameters), output_bias_.of(parameters), shape_.width(), shape_.vocabulary,
                logits);
  return CrossEntropyInPlace(logits, targets, shape_.vocabulary);
}

void StageModel::OutputBackward(ConstFloats parameters, ConstFloats x, ConstFloats dlogits, Floats dx,
                                Floats gradients) const {
  LinearBackward(x, output_.of(parameters), dlogits, shape_.width(), shape_.vocabulary, dx,
                 output_.of(gradients), output_bias_.of(gradients));
}

void StageModel::BlockBackward(ConstFloats parameters, int layer, ConstFloats x, ConstFloats activation,
                               ConstFloats dy, Floats scratch, Floats partial, Floats gradients) const {
  const Block& block = blocks_[static_cast<size_t>(layer)];
  const int width = shape_.width(), shard = shape_.hidden_shard();
  LinearBackward(activation, block.down.of(parameters), dy, shard, width, scratch, block.down.of(gradients),
                 {});
  TanhBackward(activation, scratch);
  LinearBackward(x, block.up.of(parameters), scratch, width, shard, partial, block.up.of(gradients),
                 block.up_bias.of(gradients));
}

void StageModel::EmbedBackward(Tokens inputs, ConstFloats dx, Floats gradients) const {
  EmbeddingBackward(inputs, dx, shape_.embed, table_.of(gradients));
}

}  // namespace rankle::programs
