// The arithmetic of a mixture-of-experts language model: an embedding, a router that sends every row to its
// best expert, experts (two-layer networks, some of them on this rank), and an output layer.
//
// Contract: pure; rows travel between ranks outside of it, in packed arrays ordered by expert. Calls of a
// step in order: Route, ExpertsForward, Combine, ExpertsBackward, Finish. Gradients are overwritten by the
// first call of a step that touches them (dense: Combine, experts: ExpertsBackward).
#ifndef RANKLE_CORPORA_PROGRAMS_MOE_MOE_MODEL_H_
#define RANKLE_CORPORA_PROGRAMS_MOE_MOE_MODEL_H_

#include <cstdint>
#include <span>
#include <vector>

#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/layers.h"

namespace rankle::programs {

struct MoeShape {
  int vocabulary = 0;
  int context = 8;
  int embed = 8;
  int hidden = 32;
  int experts = 1;          // of the whole group
  int first_expert = 0;     // the first one of this rank
  int local_experts = 1;    // on this rank
  int rows = 8;             // of a batch
  int balance_percent = 1;  // weight of the loss that spreads rows over the experts

  int width() const { return context * embed; }
};

// Which expert each row goes to.
struct Routing {
  std::vector<int32_t> expert;  // of each row
  std::vector<float> gate;      // its probability
  std::vector<int32_t> order;   // rows ordered by expert: place in the packed array -> row
  std::vector<int32_t> counts;  // rows of each expert
};
Routing RouteToBest(ConstFloats probabilities, int experts);

class MoeModel {
 public:
  MoeModel(const MoeShape& shape, size_t most_expert_rows);

  size_t dense_count() const { return dense_count_; }
  size_t experts_count() const { return expert_count_ * static_cast<size_t>(shape_.local_experts); }
  void Initialize(uint64_t seed, Floats dense, Floats experts) const;
  const Routing& routing() const { return routing_; }

  // Embeds the batch, routes it and packs the rows for the experts.
  void Route(ConstFloats dense, const Batch& batch, Floats packed);
  // counts[source * local_experts + i]: rows that came from a source rank for local expert i, in that order.
  void ExpertsForward(ConstFloats experts, std::span<const int32_t> counts, ConstFloats rows, Floats results);
  // From the packed results to the loss, and back to the gradient of the packed results.
  double Combine(ConstFloats dense, const Batch& batch, ConstFloats results, Floats dresults, Floats ddense);
  // drows may be dresults.
  void ExpertsBackward(ConstFloats experts, std::span<const int32_t> counts, ConstFloats rows,
                       ConstFloats dresults, Floats drows, Floats dexperts);
  // Adds what came back from the experts and ends at the embedding.
  void Finish(const Batch& batch, ConstFloats dpacked, Floats ddense);

 private:
  struct Range {
    size_t begin = 0, count = 0;
    template <typename T>
    std::span<T> of(std::span<T> all) const {
      return all.subspan(begin, count);
    }
  };
  // Calls work(local expert, first row, rows) for each run of rows of one expert.
  template <typename Work>
  void ForEachSegment(std::span<const int32_t> counts, Work work) const;
  void RouterBackward(ConstFloats dense, ConstFloats dgate, Floats ddense);

  MoeShape shape_;
  Range table_, router_, output_, output_bias_;  // in the dense parameters
  Range up_, up_bias_, down_;                    // in the parameters of one expert
  size_t dense_count_ = 0, expert_count_ = 0;
  Routing routing_;
  std::vector<float> x_, y_, dx_, probabilities_, dprobabilities_, router_dx_, logits_;
  std::vector<float> activation_, dactivation_;  // of the experts' hidden layers
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_MOE_MOE_MODEL_H_
