#include "corpora/programs/common/replica.h"

#include <algorithm>

#include "corpora/programs/common/collectives.h"

namespace rankle::programs {

Replica::Replica(Job& job, const Dataset& dataset)
    : job_(job),
      dataset_(dataset),
      model_({dataset.vocabulary(), job.options().context, job.options().embed, job.options().hidden,
              job.options().layers},
             job.options().batch),
      adam_(model_.parameter_count(), job.options().learning_rate),
      parameters(model_.parameter_count()),
      gradients(model_.parameter_count()),
      loss(1) {}

void Replica::Start(cudaStream_t stream) {
  if (job_.info().rank == 0) model_.Initialize(job_.options().seed, parameters.host());
  Broadcast(parameters, 0, job_.world(), stream);
  job_.Wait(stream);
}

void Replica::EnqueueForward(int64_t step, cudaStream_t stream) {
  job_.EnqueueCompute(stream, 1.0 / 3, [this, step] {
    dataset_.Fill(job_.options().seed, step, job_.info().rank, job_.options().batch, batch_);
    loss.host()[0] = static_cast<float>(model_.Forward(parameters.host(), batch_));
  });
}

void Replica::EnqueueGradients(int64_t step, cudaStream_t stream) {
  EnqueueForward(step, stream);
  for (int phase = 0; phase < model_.phases(); ++phase) EnqueueBackward(phase, stream, [] {});
}

void Replica::EnqueueUpdate(int64_t steps_before, cudaStream_t stream) {
  EnqueueHost(stream,
              [this, steps_before] { adam_.Update(gradients.host(), steps_before, parameters.host()); });
}

void Replica::ShareState(cudaStream_t stream) {
  for (const Floats& array : State()) {
    std::copy(array.begin(), array.end(), gradients.host().begin());
    Broadcast(gradients, 0, job_.world(), stream);
    job_.Wait(stream);
    std::copy_n(gradients.host().begin(), array.size(), array.begin());
  }
}

}  // namespace rankle::programs
