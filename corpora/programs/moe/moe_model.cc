#include "corpora/programs/moe/moe_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "corpora/programs/common/random.h"

namespace rankle::programs {
namespace {

enum : uint64_t { kDenseStream = 4, kExpertStream = 1024 };

}  // namespace

Routing RouteToBest(ConstFloats probabilities, int experts) {
  const size_t rows = probabilities.size() / static_cast<size_t>(experts);
  Routing routing;
  routing.counts.assign(static_cast<size_t>(experts), 0);
  for (size_t n = 0; n < rows; ++n) {
    const auto row = probabilities.subspan(n * experts, experts);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    routing.expert.push_back(static_cast<int32_t>(best));
    routing.gate.push_back(row[best]);
    ++routing.counts[best];
  }
  routing.order.resize(rows);
  std::iota(routing.order.begin(), routing.order.end(), 0);
  std::ranges::stable_sort(routing.order, {}, [&](int32_t row) { return routing.expert[row]; });
  return routing;
}

MoeModel::MoeModel(const MoeShape& shape, size_t most_expert_rows) : shape_(shape) {
  const auto take = [](size_t& total, size_t count) {
    const Range range{total, count};
    total += count;
    return range;
  };
  const size_t width = shape.width(), hidden = shape.hidden, vocabulary = shape.vocabulary, rows = shape.rows;
  table_ = take(dense_count_, vocabulary * shape.embed);
  router_ = take(dense_count_, width * shape.experts);
  output_ = take(dense_count_, width * vocabulary);
  output_bias_ = take(dense_count_, vocabulary);
  up_ = take(expert_count_, width * hidden);
  up_bias_ = take(expert_count_, hidden);
  down_ = take(expert_count_, hidden * width);
  for (auto* array : {&x_, &y_, &dx_, &router_dx_}) array->resize(rows * width);
  for (auto* array : {&probabilities_, &dprobabilities_}) array->resize(rows * shape.experts);
  logits_.resize(rows * vocabulary);
  for (auto* array : {&activation_, &dactivation_}) array->resize(most_expert_rows * hidden);
}

void MoeModel::Initialize(uint64_t seed, Floats dense, Floats experts) const {
  const auto fill = [seed](uint64_t stream, const Range& range, double bound, Floats all) {
    for (size_t i = range.begin; i < range.begin + range.count; ++i)
      all[i] = RandomSymmetric(seed, stream, i, bound);
  };
  const double bound = std::sqrt(6.0 / (shape_.width() + shape_.hidden));
  std::ranges::fill(dense, 0.0f);
  std::ranges::fill(experts, 0.0f);
  fill(kDenseStream, table_, 0.5, dense);
  fill(kDenseStream, router_, 0.3, dense);
  fill(kDenseStream, output_, std::sqrt(6.0 / (shape_.width() + shape_.vocabulary)), dense);
  for (int i = 0; i < shape_.local_experts; ++i) {
    const uint64_t stream = kExpertStream + static_cast<uint64_t>(shape_.first_expert + i);
    const Floats expert = experts.subspan(expert_count_ * i, expert_count_);
    fill(stream, up_, bound, expert);
    fill(stream, down_, bound, expert);
  }
}

void MoeModel::Route(ConstFloats dense, const Batch& batch, Floats packed) {
  const int width = shape_.width();
  EmbeddingForward(table_.of(dense), batch.inputs, shape_.embed, x_);
  LinearForward(x_, router_.of(dense), {}, width, shape_.experts, probabilities_);
  SoftmaxRows(probabilities_, shape_.experts);
  routing_ = RouteToBest(probabilities_, shape_.experts);
  for (size_t place = 0; place < routing_.order.size(); ++place) {
    std::copy_n(x_.data() + static_cast<size_t>(routing_.order[place]) * width, width,
                packed.data() + place * width);
  }
}

template <typename Work>
void MoeModel::ForEachSegment(std::span<const int32_t> counts, Work work) const {
  size_t first = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const size_t rows = static_cast<size_t>(counts[i]);
    if (rows > 0) work(i % static_cast<size_t>(shape_.local_experts), first, rows);
    first += rows;
  }
}

void MoeModel::ExpertsForward(ConstFloats experts, std::span<const int32_t> counts, ConstFloats rows,
                              Floats results) {
  const int width = shape_.width(), hidden = shape_.hidden;
  ForEachSegment(counts, [&](size_t local, size_t first, size_t n) {
    const ConstFloats expert = experts.subspan(expert_count_ * local, expert_count_);
    const Floats activation = Floats(activation_).subspan(first * hidden, n * hidden);
    LinearForward(rows.subspan(first * width, n * width), up_.of(expert), up_bias_.of(expert), width, hidden,
                  activation);
    TanhInPlace(activation);
    LinearForward(activation, down_.of(expert), {}, hidden, width, results.subspan(first * width, n * width));
  });
}

double MoeModel::Combine(ConstFloats dense, const Batch& batch, ConstFloats results, Floats dresults,
                         Floats ddense) {
  const size_t width = static_cast<size_t>(shape_.width());
  std::ranges::fill(ddense, 0.0f);
  y_ = x_;
  for (size_t place = 0; place < routing_.order.size(); ++place) {
    const size_t row = static_cast<size_t>(routing_.order[place]);
    for (size_t i = 0; i < width; ++i) y_[row * width + i] += routing_.gate[row] * results[place * width + i];
  }
  LinearForward(y_, output_.of(dense), output_bias_.of(dense), shape_.width(), shape_.vocabulary, logits_);
  const double loss = CrossEntropyInPlace(logits_, batch.targets, shape_.vocabulary);

  // dx_ first holds dy: the residual connection passes it on unchanged.
  LinearBackward(y_, output_.of(dense), logits_, shape_.width(), shape_.vocabulary, dx_, output_.of(ddense),
                 output_bias_.of(ddense));
  std::vector<float> dgate(routing_.gate.size(), 0.0f);
  for (size_t place = 0; place < routing_.order.size(); ++place) {
    const size_t row = static_cast<size_t>(routing_.order[place]);
    for (size_t i = 0; i < width; ++i) {
      dgate[row] += dx_[row * width + i] * results[place * width + i];
      dresults[place * width + i] = routing_.gate[row] * dx_[row * width + i];
    }
  }
  RouterBackward(dense, dgate, ddense);
  Add(router_dx_, dx_);
  return loss;
}

// The balance loss of the Switch Transformer (Fedus et al. 2021): experts x sum(share of rows x mean
// probability).
void MoeModel::RouterBackward(ConstFloats dense, ConstFloats dgate, Floats ddense) {
  const size_t experts = static_cast<size_t>(shape_.experts), rows = dgate.size();
  const double balance =
      shape_.balance_percent / 100.0 * static_cast<double>(experts) / static_cast<double>(rows * rows);
  for (size_t n = 0; n < rows; ++n) {
    const auto p = Floats(probabilities_).subspan(n * experts, experts);
    const auto dp = Floats(dprobabilities_).subspan(n * experts, experts);
    float mean = 0;
    for (size_t e = 0; e < experts; ++e) {
      dp[e] = static_cast<float>(balance * routing_.counts[e]);
      if (routing_.expert[n] == static_cast<int32_t>(e)) dp[e] += dgate[n];
      mean += p[e] * dp[e];
    }
    for (size_t e = 0; e < experts; ++e) dp[e] = p[e] * (dp[e] - mean);
  }
  LinearBackward(x_, router_.of(dense), dprobabilities_, shape_.width(), shape_.experts, router_dx_,
                 router_.of(ddense), {});
}

void MoeModel::ExpertsBackward(ConstFloats experts, std::span<const int32_t> counts, ConstFloats rows,
                               ConstFloats dresults, Floats drows, Floats dexperts) {
  const int width = shape_.width(), hidden = shape_.hidden;
  std::ranges::fill(dexperts, 0.0f);
  ForEachSegment(counts, [&](size_t local, size_t first, size_t n) {
    const ConstFloats expert = experts.subspan(expert_count_ * local, expert_count_);
    const Floats gradient = dexperts.subspan(expert_count_ * local, expert_count_);
    const Floats activation = Floats(activation_).subspan(first * hidden, n * hidden);
    const Floats dactivation = Floats(dactivation_).subspan(first * hidden, n * hidden);
    LinearBackward(activation, down_.of(expert), dresults.subspan(first * width, n * width), hidden, width,
                   dactivation, down_.of(gradient), {});
    TanhBackward(activation, dactivation);
    LinearBackward(rows.subspan(first * width, n * width), up_.of(expert), dactivation, width, hidden,
                   drows.subspan(first * width, n * width), up_.of(gradient), up_bias_.of(gradient));
  });
}

void MoeModel::Finish(const Batch& batch, ConstFloats dpacked, Floats ddense) {
  const size_t width = static_cast<size_t>(shape_.width());
  for (size_t place = 0; place < routing_.order.size(); ++place) {
    Add(dpacked.subspan(place * width, width),
        Floats(dx_).subspan(static_cast<size_t>(routing_.order[place]) * width, width));
  }
  EmbeddingBackward(batch.inputs, dx_, shape_.embed, table_.of(ddense));
}

}  // namespace rankle::programs
