// zero_train: data-parallel training whose optimizer state is sharded (ZeRO stage 1 and 2).
//
// Every rank computes gradients of all parameters; reduce-scatter leaves each rank the mean gradient of its
// own shard, Adam runs on that shard alone, and all-gather brings the updated shards back to every rank.
#include <CLI/CLI.hpp>
#include <cmath>
#include <vector>

#include "corpora/programs/common/adam.h"
#include "corpora/programs/common/char_lm.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/job.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "zero_train";

struct ZeroOptions {
  CommonOptions common;
  double clip = 1.0;
};

class ZeroTrainer : public Trainer {
 public:
  ZeroTrainer(Job& job, const Dataset& dataset, const ZeroOptions& options)
      : job_(job),
        dataset_(dataset),
        common_(options.common),
        clip_(options.clip),
        model_({dataset.vocabulary(), common_.context, common_.embed, common_.hidden, common_.layers},
               common_.batch),
        shard_(ShardSize(model_.parameter_count(), job.world().size())),
        parameters_(shard_ * static_cast<size_t>(job.world().size())),
        gradients_(parameters_.size()),
        totals_(2),
        adam_(shard_, common_.learning_rate) {
    if (job_.info().rank == 0) model_.Initialize(common_.seed, parameters_.host());
    Broadcast(parameters_, 0, job_.world(), stream_.get());
    job_.Wait(stream_.get());
  }

  double Step(int64_t step) override {
    EnqueueGradients(step);
    ReduceScatter(gradients_, ncclAvg, job_.world(), stream_.get());
    // The norm of the whole gradient is the sum over shards, so clipping needs a reduction of its own.
    EnqueueHost(stream_.get(),
                [this] { totals_.host()[1] = static_cast<float>(SumOfSquares(Mine(gradients_))); });
    AllReduce(totals_, ncclSum, job_.world(), stream_.get());
    EnqueueHost(stream_.get(), [this, step] {
      const double norm = std::sqrt(totals_.host()[1]);
      if (norm > clip_) Scale(Mine(gradients_), static_cast<float>(clip_ / norm));
      adam_.Update(Mine(gradients_), step - 1, Mine(parameters_));
    });
    AllGather(parameters_, job_.world(), stream_.get());
    job_.Wait(stream_.get());
    return totals_.host()[0] / job_.world().size();
  }

  std::vector<Floats> State() override { return {Mine(parameters_), adam_.mean(), adam_.square()}; }
  void Restored() override {
    AllGather(parameters_, job_.world(), stream_.get());
    job_.Wait(stream_.get());
  }
  void Verify() override { job_.VerifyEqual(parameters_.host(), job_.world()); }

 private:
  static size_t ShardSize(size_t parameters, int ranks) {
    return (parameters + static_cast<size_t>(ranks) - 1) / static_cast<size_t>(ranks);
  }

  Floats Mine(Mirrored<float>& array) {
    return array.host().subspan(shard_ * static_cast<size_t>(job_.world().rank()), shard_);
  }

  void EnqueueGradients(int64_t step) {
    job_.EnqueueCompute(stream_.get(), 1.0, [this, step] {
      dataset_.Fill(common_.seed, step, job_.info().rank, common_.batch, batch_);
      // The padding behind the last parameter keeps its zero gradient.
      totals_.host()[0] = static_cast<float>(model_.Forward(parameters_.host(), batch_));
      for (int phase = 0; phase < model_.phases(); ++phase) {
        model_.BackwardPhase(phase, parameters_.host(), batch_, gradients_.host());
      }
    });
  }

  Job& job_;
  const Dataset& dataset_;
  const CommonOptions& common_;
  const double clip_;
  CharLm model_;
  size_t shard_;
  Mirrored<float> parameters_, gradients_;
  Mirrored<float> totals_;  // loss, squared gradient norm
  Adam adam_;
  Batch batch_;
  Stream stream_;
};

double Train(const RankInfo& info, const ZeroOptions& options) {
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.common.data, options.common.context));
  Job job(kProgram, "dp0", info, options.common);
  ZeroTrainer trainer(job, dataset, options);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Training with a sharded optimizer (reduce-scatter, local Adam, all-gather) on CUDA and NCCL");
  ZeroOptions options;
  AddCommonOptions(app, options.common);
  app.add_option("--clip", options.clip, "Largest gradient norm")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
