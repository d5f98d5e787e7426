// ddp_train: data-parallel training of a character-level language model.
//
// Every rank has all parameters and its own windows of the text. Gradients are averaged in buckets with
// all-reduce; with --overlap on a second stream, each as soon as the backward pass has filled it. With
// --accumulate K only every K-th step communicates: gradients of K micro-steps are summed before they travel.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/common/replica.h"
#include "corpora/programs/ddp/accumulator.h"

namespace rankle::programs {
namespace {

struct DdpOptions {
  CommonOptions common;
  int buckets = 3;
  bool overlap = false;
  int accumulate = 1;
};

class DdpTrainer : public Trainer {
 public:
  DdpTrainer(Job& job, const Dataset& dataset, const DdpOptions& options)
      : job_(job),
        overlap_(options.overlap),
        replica_(job, dataset),
        accumulator_(replica_.gradients.size(), options.accumulate) {
    CutBuckets(options.buckets);
    replica_.Start(compute_.get());
  }

  double Step(int64_t step) override {
    replica_.EnqueueForward(step, compute_.get());
    size_t next_bucket = 0, ceiling = replica_.gradients.size();
    for (int phase = 0; phase < replica_.model().phases(); ++phase) {
      const size_t floor = replica_.model().PhaseFloor(phase);
      replica_.EnqueueBackward(phase, compute_.get(), [this, step, floor, ceiling] {
        accumulator_.Take(step, floor, ceiling, replica_.gradients.host());
      });
      ceiling = floor;
      if (!accumulator_.Completes(step)) continue;
      while (next_bucket < buckets_.size() && buckets_[next_bucket].begin >= floor) {
        EnqueueReduction(buckets_[next_bucket++]);
      }
    }
    if (accumulator_.Completes(step)) EnqueueUpdate(step);
    job_.Wait(compute_.get());
    return replica_.loss.host()[0];
  }

  std::vector<Floats> State() override { return replica_.State(); }
  bool OwnsCheckpoint() const override { return job_.info().rank == 0; }
  void Restored() override { replica_.ShareState(compute_.get()); }
  void Verify() override { job_.VerifyEqual(replica_.parameters.host(), job_.world()); }

 private:
  struct Bucket {
    size_t begin, count;
    Event filled;
  };

  // From the end of the parameters down: in the order in which the backward pass fills them.
  void CutBuckets(int wanted) {
    const size_t total = replica_.gradients.size();
    const size_t cuts = std::clamp<size_t>(static_cast<size_t>(wanted), 1, total);
    for (size_t i = cuts; i-- > 0;) {
      const size_t begin = total * i / cuts;
      buckets_.push_back({begin, total * (i + 1) / cuts - begin, Event()});
    }
  }

  void EnqueueReduction(Bucket& bucket) {
    cudaStream_t stream = compute_.get();
    if (overlap_) {
      stream = communication_.get();
      bucket.filled.Record(compute_.get());
      bucket.filled.MakeWait(stream);
    }
    AllReduce(replica_.gradients, bucket.begin, bucket.count, ncclAvg, job_.world(), stream);
  }

  void EnqueueUpdate(int64_t step) {
    if (overlap_) {
      reduced_.Record(communication_.get());
      reduced_.MakeWait(compute_.get());
    }
    replica_.EnqueueUpdate(accumulator_.CompletedBefore(step), compute_.get());
    Job::MarkReplica("parameters", replica_.parameters.host(), compute_.get());
    AllReduce(replica_.loss, ncclAvg, job_.world(), compute_.get());
  }

  Job& job_;
  const bool overlap_;
  Replica replica_;
  Accumulator accumulator_;
  std::vector<Bucket> buckets_;
  Event reduced_;
  Stream compute_, communication_;
};

constexpr char kProgram[] = "ddp_train";

double Train(const RankInfo& info, const DdpOptions& options) {
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.common.data, options.common.context));
  Job job(kProgram, "dp0", info, options.common);
  DdpTrainer trainer(job, dataset, options);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Data-parallel training of a character-level language model on CUDA and NCCL");
  DdpOptions options;
  AddCommonOptions(app, options.common);
  app.add_option("--buckets", options.buckets, "Gradient buckets")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--overlap", options.overlap, "Reduce buckets on a second stream during the backward pass");
  app.add_option("--accumulate", options.accumulate, "Communicate and update every K-th step only")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.callback([&options] {
    // What is summed up between two updates is each rank's own and is not in the checkpoint.
    if (options.common.checkpoint_every % options.accumulate != 0)
      throw CLI::ValidationError("--checkpoint-every", "must be a multiple of --accumulate");
  });
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
