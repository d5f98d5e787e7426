// ddp_train: data-parallel training of a character-level language model.
//
// Every rank has all parameters and its own windows of the text. Gradients are averaged in buckets with
// all-reduce; with --overlap on a second stream, each as soon as the backward pass has filled it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "corpora/programs/common/adam.h"
#include "corpora/programs/common/char_lm.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/job.h"

namespace rankle::programs {
namespace {

struct DdpOptions {
  CommonOptions common;
  int buckets = 3;
  bool overlap = false;
};

class DdpTrainer : public Trainer {
 public:
  DdpTrainer(Job& job, const Dataset& dataset, const DdpOptions& options)
      : job_(job),
        dataset_(dataset),
        common_(options.common),
        overlap_(options.overlap),
        model_({dataset.vocabulary(), common_.context, common_.embed, common_.hidden, common_.layers},
               common_.batch),
        parameters_(model_.parameter_count()),
        gradients_(model_.parameter_count()),
        loss_(1),
        adam_(model_.parameter_count(), common_.learning_rate) {
    CutBuckets(options.buckets);
    // Only rank 0 initialises: a replica that misses the broadcast cannot look right by accident.
    if (job_.info().rank == 0) model_.Initialize(common_.seed, parameters_.host());
    Broadcast(parameters_, 0, job_.world(), compute_.get());
    job_.Wait(compute_.get());
  }

  double Step(int64_t step) override {
    EnqueueForward(step);
    size_t next_bucket = 0;
    for (int phase = 0; phase < model_.phases(); ++phase) {
      EnqueueBackward(phase);
      while (next_bucket < buckets_.size() && buckets_[next_bucket].begin >= model_.PhaseFloor(phase)) {
        EnqueueReduction(buckets_[next_bucket++]);
      }
    }
    if (overlap_) {
      reduced_.Record(communication_.get());
      reduced_.MakeWait(compute_.get());
    }
    EnqueueHost(compute_.get(),
                [this, step] { adam_.Update(gradients_.host(), step - 1, parameters_.host()); });
    Job::MarkReplica("parameters", parameters_.host(), compute_.get());
    AllReduce(loss_, ncclAvg, job_.world(), compute_.get());
    job_.Wait(compute_.get());
    return loss_.host()[0];
  }

  std::vector<Floats> State() override { return {parameters_.host(), adam_.mean(), adam_.square()}; }
  bool OwnsCheckpoint() const override { return job_.info().rank == 0; }
  void Restored() override {
    for (const Floats& array : State()) {
      std::copy(array.begin(), array.end(), gradients_.host().begin());
      Broadcast(gradients_, 0, job_.world(), compute_.get());
      job_.Wait(compute_.get());
      std::copy_n(gradients_.host().begin(), array.size(), array.begin());
    }
  }
  void Verify() override { job_.VerifyEqual(parameters_.host(), job_.world()); }

 private:
  struct Bucket {
    size_t begin, count;
    Event filled;
  };

  // From the end of the parameters down: in the order in which the backward pass fills them.
  void CutBuckets(int wanted) {
    const size_t total = gradients_.size();
    const size_t cuts = std::clamp<size_t>(static_cast<size_t>(wanted), 1, total);
    for (size_t i = cuts; i-- > 0;) {
      const size_t begin = total * i / cuts;
      buckets_.push_back({begin, total * (i + 1) / cuts - begin, Event()});
    }
  }

  void EnqueueForward(int64_t step) {
    job_.EnqueueCompute(compute_.get(), 1.0 / 3, [this, step] {
      dataset_.Fill(common_.seed, step, job_.info().rank, common_.batch, batch_);
      loss_.host()[0] = static_cast<float>(model_.Forward(parameters_.host(), batch_));
    });
  }

  void EnqueueBackward(int phase) {
    job_.EnqueueCompute(compute_.get(), 2.0 / 3 / model_.phases(), [this, phase] {
      model_.BackwardPhase(phase, parameters_.host(), batch_, gradients_.host());
    });
  }

  void EnqueueReduction(Bucket& bucket) {
    cudaStream_t stream = compute_.get();
    if (overlap_) {
      stream = communication_.get();
      bucket.filled.Record(compute_.get());
      bucket.filled.MakeWait(stream);
    }
    AllReduce(gradients_, bucket.begin, bucket.count, ncclAvg, job_.world(), stream);
  }

  Job& job_;
  const Dataset& dataset_;
  const CommonOptions& common_;
  const bool overlap_;
  CharLm model_;
  Mirrored<float> parameters_, gradients_, loss_;
  Adam adam_;
  Batch batch_;
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
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
