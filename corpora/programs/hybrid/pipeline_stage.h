// A pipeline stage on a CUDA stream: forward and backward of a microbatch as host functions with the
// all-reduces of tensor parallelism between them.
//
// Contract: Forward and Backward only enqueue. `arriving` and `leaving` arrays are the ends of the pipeline's
// transfers; in stream order one of each kind is enough.
#ifndef RANKLE_CORPORA_PROGRAMS_HYBRID_PIPELINE_STAGE_H_
#define RANKLE_CORPORA_PROGRAMS_HYBRID_PIPELINE_STAGE_H_

#include <vector>

#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/hybrid/stage_model.h"

namespace rankle::programs {

class PipelineStage {
 public:
  PipelineStage(Job& job, const Dataset& dataset, const StageShape& shape, int data_rank, int microbatches,
                const Communicator& tensor_group, cudaStream_t stream);

  const StageModel& model() const { return model_; }
  Mirrored<float>& parameters() { return parameters_; }
  Mirrored<float>& gradients() { return gradients_; }

  // Clears gradients and loss. Microbatches of this step follow.
  void Begin(int64_t step);
  void Forward(int microbatch);
  void Backward(int microbatch);
  // Mean over the microbatches; 0 where the stage has no output layer.
  double loss() const { return loss_ / microbatches_; }

  Mirrored<float> arriving_activation, leaving_activation, arriving_gradient, leaving_gradient;

 private:
  // What the backward pass of a microbatch needs from its forward pass.
  struct Saved {
    Batch batch;
    std::vector<std::vector<float>> inputs;       // of each layer, then of the output
    std::vector<std::vector<float>> activations;  // of each layer
    std::vector<float> logits;
  };
  void LoadInput(Saved& saved, int microbatch);
  void FinishForward(Saved& saved);
  void LoadGradient(Saved& saved);
  void FinishBackward(Saved& saved);
  void SumOverTensorRanks();

  Job& job_;
  const Dataset& dataset_;
  const Communicator& tensor_group_;
  cudaStream_t stream_;
  const int data_rank_, microbatches_;
  StageModel model_;
  Mirrored<float> parameters_, gradients_;
  Mirrored<float> partial_;  // what tensor ranks sum
  std::vector<Saved> saved_;
  std::vector<float> gradient_, scratch_;
  int64_t step_ = 0;
  double loss_ = 0;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_HYBRID_PIPELINE_STAGE_H_
