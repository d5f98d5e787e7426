// One rank of a training job: start (device, bootstrap, world communicator), the loop over steps, waiting for
// streams with error polling, checkpoints, verification, end.
//
// Contract: all calls from the main thread. A Job outlives the communicators split from its world and
// everything that is queued on a stream.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_JOB_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_JOB_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "corpora/programs/common/checkpoint.h"
#include "corpora/programs/common/communicator.h"
#include "corpora/programs/common/cuda_handles.h"
#include "corpora/programs/common/options.h"
#include "corpora/programs/common/rank_info.h"
#include "corpora/programs/common/watchdog.h"

namespace rankle::programs {

// What differs between the programs.
class Trainer {
 public:
  virtual ~Trainer() = default;
  // Called before every step: the place to change who takes part. False: this rank has no part in the step.
  virtual bool BeforeStep(int64_t /*step*/) { return true; }
  // Trains step `step` (from 1) and returns with all of it done: the mean loss over the whole job, or this
  // rank's own where the step does not communicate.
  virtual double Step(int64_t step) = 0;
  // What a checkpoint keeps, in a fixed order. Ranks that do not own a checkpoint get their state in
  // Restored.
  virtual std::vector<Floats> State() = 0;
  virtual bool OwnsCheckpoint() const { return true; }
  // After State() was read from a checkpoint.
  virtual void Restored() {}
  // Fails the job unless replicas have equal parameters.
  virtual void Verify() = 0;
};

class Job {
 public:
  // `world_name` names the world communicator, as tools will show it.
  Job(const std::string& program, const std::string& world_name, const RankInfo& info,
      const CommonOptions& options);

  const RankInfo& info() const { return info_; }
  const CommonOptions& options() const { return options_; }
  const Communicator& world() const { return *world_; }

  // Changes of membership, between steps. The old world communicator is destroyed by all its members, so
  // those that leave and those that stay must get here at the same step.
  bool InWorld() const { return world_ != nullptr; }
  void ShrinkWorld(const std::vector<int>& excluded, const std::string& name);
  void LeaveWorld() { world_.reset(); }
  // All ranks that were started meet again, those that left included; it waits for them as the start does.
  void RenewWorld(const std::string& name);

  // Runs the steps and returns the loss of the last line printed.
  double Run(Trainer& trainer);

  // Returns when the stream has run dry; fails the job on a CUDA error or a communicator's asynchronous
  // error.
  void Wait(cudaStream_t stream);

  // Queues arithmetic that takes at least `share` of --step-time.
  template <typename Work>
  void EnqueueCompute(cudaStream_t stream, double share, Work work) {
    const auto least = std::chrono::duration_cast<std::chrono::nanoseconds>(options_.step_time * share);
    EnqueueHost(stream, [least, work = std::move(work)]() mutable {
      const auto end = std::chrono::steady_clock::now() + least;
      work();
      if (least.count() > 0) std::this_thread::sleep_until(end);  // the modelled part of the compute time
    });
  }

  // Fails the job unless `values` have the same bits on every rank of the group.
  void VerifyEqual(ConstFloats values, const Communicator& group);

  // Tells rankle that `array` is alike on every rank that uses this name, once the stream has come here.
  static void MarkReplica(const std::string& name, const Floats& array, cudaStream_t stream);

 private:
  void BeginStep(int64_t step);
  void AwaitBatch();
  int64_t Resume(Trainer& trainer);
  void SaveCheckpoint(Trainer& trainer, int64_t step);
  void Barrier();

  RankInfo info_;
  CommonOptions options_;
  Watchdog watchdog_;
  Checkpoints checkpoints_;
  int64_t last_checkpoint_ = 0;
  std::unique_ptr<Communicator> world_;  // null while this rank is away
  std::optional<Stream> control_;        // barriers and checks, apart from the training streams
};

// Reads who this process is and names it in error lines. The first call of a program.
RankInfo StartProgram(const std::string& program);

// Prints the last line of a job, on rank 0. Called when all communicators are gone.
void PrintDone(const RankInfo& info, const CommonOptions& options, double loss);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_JOB_H_
