#include "corpora/programs/hybrid/pipeline_stage.h"

#include <algorithm>

namespace rankle::programs {
namespace {

// How a step's compute time is shared out (backward costs twice the forward pass).
constexpr double kForwardShare = 1.0 / 3, kBackwardShare = 2.0 / 3;

size_t Elements(const Job& job, const StageShape& shape) {
  return static_cast<size_t>(job.options().batch) * static_cast<size_t>(shape.width());
}

}  // namespace

PipelineStage::PipelineStage(Job& job, const Dataset& dataset, const StageShape& shape, int data_rank,
                             int microbatches, const Communicator& tensor_group, cudaStream_t stream)
    : arriving_activation(Elements(job, shape)),
      leaving_activation(Elements(job, shape)),
      arriving_gradient(Elements(job, shape)),
      leaving_gradient(Elements(job, shape)),
      job_(job),
      dataset_(dataset),
      tensor_group_(tensor_group),
      stream_(stream),
      data_rank_(data_rank),
      microbatches_(microbatches),
      model_(shape),
      parameters_(model_.parameter_count()),
      gradients_(model_.parameter_count()),
      partial_(Elements(job, shape)),
      saved_(static_cast<size_t>(microbatches)),
      gradient_(Elements(job, shape)) {
  const size_t rows = static_cast<size_t>(job.options().batch);
  const size_t hidden = rows * static_cast<size_t>(shape.hidden_shard());
  scratch_.resize(hidden);
  for (Saved& saved : saved_) {
    saved.inputs.assign(static_cast<size_t>(shape.layers) + 1, std::vector<float>(Elements(job, shape)));
    saved.activations.assign(static_cast<size_t>(shape.layers), std::vector<float>(hidden));
    if (shape.has_output) saved.logits.resize(rows * static_cast<size_t>(shape.vocabulary));
  }
}

void PipelineStage::Begin(int64_t step) {
  EnqueueHost(stream_, [this, step] {
    step_ = step;
    loss_ = 0;
    std::fill(gradients_.host().begin(), gradients_.host().end(), 0.0f);
  });
}

void PipelineStage::SumOverTensorRanks() {
  if (tensor_group_.size() > 1) AllReduce(partial_, ncclSum, tensor_group_, stream_);
}

void PipelineStage::Forward(int microbatch) {
  Saved& saved = saved_[static_cast<size_t>(microbatch)];
  const int layers = model_.shape().layers;
  EnqueueHost(stream_, [this, &saved, microbatch] { LoadInput(saved, microbatch); });
  for (int layer = 0; layer < layers; ++layer) {
    const size_t i = static_cast<size_t>(layer);
    job_.EnqueueCompute(stream_, kForwardShare / microbatches_ / layers, [this, &saved, layer, i] {
      model_.BlockForward(parameters_.host(), layer, saved.inputs[i], saved.activations[i], partial_.host());
    });
    SumOverTensorRanks();
    EnqueueHost(stream_, [this, &saved, i] {
      saved.inputs[i + 1] = saved.inputs[i];
      Add(partial_.host(), saved.inputs[i + 1]);
    });
  }
  EnqueueHost(stream_, [this, &saved] { FinishForward(saved); });
}

void PipelineStage::LoadInput(Saved& saved, int microbatch) {
  const StageShape& shape = model_.shape();
  if (shape.has_embedding || shape.has_output) {
    // First and last stage draw the same windows: the one needs the inputs, the other the targets.
    const int shard = data_rank_ * microbatches_ + microbatch;
    dataset_.Fill(job_.options().seed, step_, shard, job_.options().batch, saved.batch);
  }
  if (shape.has_embedding) {
    model_.Embed(parameters_.host(), saved.batch.inputs, saved.inputs[0]);
  } else {
    std::ranges::copy(arriving_activation.host(), saved.inputs[0].begin());
  }
}

void PipelineStage::FinishForward(Saved& saved) {
  if (model_.shape().has_output) {
    loss_ += model_.Output(parameters_.host(), saved.inputs.back(), saved.batch.targets, saved.logits);
    Scale(saved.logits, 1.0f / static_cast<float>(microbatches_));
  } else {
    std::ranges::copy(saved.inputs.back(), leaving_activation.host().begin());
  }
}

void PipelineStage::Backward(int microbatch) {
  Saved& saved = saved_[static_cast<size_t>(microbatch)];
  const int layers = model_.shape().layers;
  EnqueueHost(stream_, [this, &saved] { LoadGradient(saved); });
  for (int layer = layers - 1; layer >= 0; --layer) {
    const size_t i = static_cast<size_t>(layer);
    job_.EnqueueCompute(stream_, kBackwardShare / microbatches_ / layers, [this, &saved, layer, i] {
      model_.BlockBackward(parameters_.host(), layer, saved.inputs[i], saved.activations[i], gradient_,
                           scratch_, partial_.host(), gradients_.host());
    });
    SumOverTensorRanks();
    EnqueueHost(stream_, [this] { Add(partial_.host(), gradient_); });
  }
  EnqueueHost(stream_, [this, &saved] { FinishBackward(saved); });
}

void PipelineStage::LoadGradient(Saved& saved) {
  if (model_.shape().has_output) {
    model_.OutputBackward(parameters_.host(), saved.inputs.back(), saved.logits, gradient_,
                          gradients_.host());
  } else {
    std::ranges::copy(arriving_gradient.host(), gradient_.begin());
  }
}

void PipelineStage::FinishBackward(Saved& saved) {
  if (model_.shape().has_embedding) {
    model_.EmbedBackward(saved.batch.inputs, gradient_, gradients_.host());
  } else {
    std::ranges::copy(gradient_, leaving_gradient.host().begin());
  }
}

}  // namespace rankle::programs
