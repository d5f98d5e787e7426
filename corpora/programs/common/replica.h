// A whole copy of the model on one rank, as every kind of plain data parallelism trains it: parameters, their
// gradients on this rank's own batch, the loss, and the optimizer's state. When and how gradients or
// parameters travel is the program's.
//
// Contract: a Replica outlives everything that it has queued on a stream.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_REPLICA_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_REPLICA_H_

#include <utility>
#include <vector>

#include "corpora/programs/common/adam.h"
#include "corpora/programs/common/char_lm.h"
#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/job.h"

namespace rankle::programs {

class Replica {
 public:
  Replica(Job& job, const Dataset& dataset);

  // Rank 0 of the world initialises, the others get a copy: a replica that misses it cannot look right by
  // accident. Returns when it is there.
  void Start(cudaStream_t stream);

  void EnqueueForward(int64_t step, cudaStream_t stream);
  // `after` runs on the host right behind the phase, when its gradients are final.
  template <typename After>
  void EnqueueBackward(int phase, cudaStream_t stream, After after) {
    job_.EnqueueCompute(stream, 2.0 / 3 / model_.phases(), [this, phase, after = std::move(after)] {
      model_.BackwardPhase(phase, parameters.host(), batch_, gradients.host());
      after();
    });
  }
  // Forward and every phase of backward.
  void EnqueueGradients(int64_t step, cudaStream_t stream);
  // One step of Adam with `gradients`; `steps_before` as in Adam::Update.
  void EnqueueUpdate(int64_t steps_before, cudaStream_t stream);

  // What a checkpoint keeps of it: parameters and the optimizer's state.
  std::vector<Floats> State() { return {parameters.host(), adam_.mean(), adam_.square()}; }
  // Every rank of the world gets rank 0's State(). Overwrites the gradients on the way.
  void ShareState(cudaStream_t stream);

  const CharLm& model() const { return model_; }

 private:
  Job& job_;
  const Dataset& dataset_;
  CharLm model_;
  Adam adam_;
  Batch batch_;

 public:
  Mirrored<float> parameters, gradients, loss;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_REPLICA_H_
