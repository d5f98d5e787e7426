#include "corpora/programs/common/char_lm.h"

#include <algorithm>
#include <cmath>

#include "corpora/programs/common/random.h"

namespace rankle::programs {

CharLm::CharLm(const CharLmShape& shape, int batch) : shape_(shape) {
  const size_t rows = static_cast<size_t>(batch);
  parameter_count_ = static_cast<size_t>(shape.vocabulary) * shape.embed;
  int in = shape.context * shape.embed;
  size_t widest = static_cast<size_t>(in);
  activations_.emplace_back(rows * in);
  for (int i = 0; i <= shape.layers; ++i) {
    const int out = i < shape.layers ? shape.hidden : shape.vocabulary;
    const size_t weights = parameter_count_;
    const size_t bias = weights + static_cast<size_t>(in) * out;
    layers_.push_back({in, out, weights, bias});
    parameter_count_ = bias + out;
    activations_.emplace_back(rows * out);
    widest = std::max(widest, static_cast<size_t>(out));
    in = out;
  }
  upstream_.resize(rows * widest);
  downstream_.resize(rows * widest);
}

void CharLm::Initialize(uint64_t seed, Floats parameters) const {
  const size_t table = static_cast<size_t>(shape_.vocabulary) * shape_.embed;
  for (size_t i = 0; i < table; ++i) parameters[i] = RandomSymmetric(seed, 0, i, 0.5);
  for (const Layer& layer : layers_) {
    const double bound = std::sqrt(6.0 / (layer.in + layer.out));
    for (size_t i = layer.weights; i < layer.bias; ++i) parameters[i] = RandomSymmetric(seed, 0, i, bound);
    std::fill_n(parameters.begin() + static_cast<ptrdiff_t>(layer.bias), layer.out, 0.0f);
  }
}

double CharLm::Forward(ConstFloats parameters, const Batch& batch) {
  EmbeddingForward(parameters, batch.inputs, shape_.embed, Activation(0));
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    LinearForward(Activation(i), parameters.subspan(layer.weights, layer.bias - layer.weights),
                  parameters.subspan(layer.bias, layer.out), layer.in, layer.out, Activation(i + 1));
    if (i + 1 < layers_.size()) TanhInPlace(Activation(i + 1));
  }
  return CrossEntropyInPlace(Activation(layers_.size()), batch.targets, shape_.vocabulary);
}

size_t CharLm::PhaseFloor(int phase) const {
  const size_t index = static_cast<size_t>(phase);
  return index < layers_.size() ? layers_[layers_.size() - 1 - index].weights : 0;
}

void CharLm::BackwardPhase(int phase, ConstFloats parameters, const Batch& batch, Floats gradients) {
  if (static_cast<size_t>(phase) == layers_.size()) {
    const Floats table = gradients.first(layers_.front().weights);
    std::fill(table.begin(), table.end(), 0.0f);
    EmbeddingBackward(batch.inputs, Floats(upstream_).first(activations_[0].size()), shape_.embed, table);
    return;
  }
  const size_t i = layers_.size() - 1 - static_cast<size_t>(phase);
  const Layer& layer = layers_[i];
  const ConstFloats dy = phase == 0 ? ConstFloats(activations_.back()) : ConstFloats(upstream_);
  const Floats weights = gradients.subspan(layer.weights, layer.bias - layer.weights);
  const Floats bias = gradients.subspan(layer.bias, layer.out);
  std::fill(weights.begin(), weights.end(), 0.0f);
  std::fill(bias.begin(), bias.end(), 0.0f);
  LinearBackward(Activation(i), parameters.subspan(layer.weights, weights.size()), dy, layer.in, layer.out,
                 Floats(downstream_), weights, bias);
  upstream_.swap(downstream_);
  if (i > 0) TanhBackward(Activation(i), upstream_);
}

}  // namespace rankle::programs
