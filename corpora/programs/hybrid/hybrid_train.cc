// hybrid_train: tensor x pipeline x data parallel training.
//
// The world communicator is split into tensor, pipeline and data groups. A step runs the 1F1B schedule
// (all-reduce in the tensor group inside each layer, send and receive in the pipeline group between stages),
// averages gradients in the data group, and sums loss and gradient norm over the world to clip and log.
#include <CLI/CLI.hpp>
#include <cmath>
#include <vector>

#include "corpora/programs/common/adam.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/hybrid/layout.h"
#include "corpora/programs/hybrid/pipeline_stage.h"
#include "corpora/programs/hybrid/schedule.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "hybrid_train";

struct HybridOptions {
  CommonOptions common;
  int tensor = 0, pipeline = 0, data = 0;
  int microbatches = 4;
  double clip = 1.0;
};

StageShape ShapeOf(const Layout& layout, const CommonOptions& common, int vocabulary) {
  StageShape shape;
  shape.vocabulary = vocabulary;
  shape.context = common.context;
  shape.embed = common.embed;
  shape.hidden = common.hidden;
  shape.layers = common.layers;
  shape.first_layer = common.layers * layout.pipeline_rank;
  shape.tensor = layout.tensor;
  shape.tensor_rank = layout.tensor_rank;
  shape.has_embedding = layout.FirstStage();
  shape.has_output = layout.LastStage();
  return shape;
}

class HybridTrainer : public Trainer {
 public:
  HybridTrainer(Job& job, const Dataset& dataset, const Layout& layout, const HybridOptions& options)
      : job_(job),
        layout_(layout),
        clip_(options.clip),
        tensor_group_(job.world(), "tp", layout.TensorColor(), job.info().rank),
        pipeline_group_(job.world(), "pp", layout.PipelineColor(), job.info().rank),
        data_group_(job.world(), "dp", layout.DataColor(), job.info().rank),
        schedule_(OneForwardOneBackward(layout.pipeline_rank, layout.pipeline, options.microbatches)),
        stage_(job, dataset, ShapeOf(layout, options.common, dataset.vocabulary()), layout.data_rank,
               options.microbatches, tensor_group_, stream_.get()),
        totals_(2),
        adam_(stage_.parameters().size(), options.common.learning_rate) {
    if (layout_.data_rank == 0) stage_.model().Initialize(options.common.seed, stage_.parameters().host());
    Broadcast(stage_.parameters(), 0, data_group_, stream_.get());
    job_.Wait(stream_.get());
  }

  double Step(int64_t step) override {
    stage_.Begin(step);
    for (const PipelineAction& action : schedule_) Enqueue(action);
    AllReduce(stage_.gradients(), ncclAvg, data_group_, stream_.get());
    EnqueueHost(stream_.get(), [this] { FillTotals(); });
    AllReduce(totals_, ncclSum, job_.world(), stream_.get());
    EnqueueHost(stream_.get(), [this, step] { Update(step); });
    Job::MarkReplica(replica_name_, stage_.parameters().host(), stream_.get());
    job_.Wait(stream_.get());
    return totals_.host()[0];
  }

  std::vector<Floats> State() override { return {stage_.parameters().host(), adam_.mean(), adam_.square()}; }

  void Verify() override {
    job_.VerifyEqual(stage_.parameters().host(), data_group_);
    for (const Floats& part : stage_.model().Replicated(stage_.parameters().host())) {
      job_.VerifyEqual(part, tensor_group_);
    }
  }

 private:
  void Enqueue(const PipelineAction& action) {
    switch (action.kind) {
      case PipelineAction::Kind::kForward:
        return stage_.Forward(action.microbatch);
      case PipelineAction::Kind::kBackward:
        return stage_.Backward(action.microbatch);
      case PipelineAction::Kind::kTransfer:
        return EnqueueTransfers(action.transfers);
    }
  }

  void EnqueueTransfers(const std::vector<Transfer>& transfers) {
    for (const Transfer& transfer : transfers) {
      if (IsSend(transfer)) ArrayOf(transfer).ToDevice(stream_.get());
    }
    if (transfers.size() == 1) {
      Issue(transfers[0]);
    } else {
      const NcclGroup together;
      for (const Transfer& transfer : transfers) Issue(transfer);
    }
    for (const Transfer& transfer : transfers) {
      if (!IsSend(transfer)) ArrayOf(transfer).ToHost(stream_.get());
    }
  }

  static bool IsSend(const Transfer& transfer) {
    return transfer.what == Transfer::What::kSendActivation || transfer.what == Transfer::What::kSendGradient;
  }

  Mirrored<float>& ArrayOf(const Transfer& transfer) {
    switch (transfer.what) {
      case Transfer::What::kSendActivation:
        return stage_.leaving_activation;
      case Transfer::What::kReceiveActivation:
        return stage_.arriving_activation;
      case Transfer::What::kSendGradient:
        return stage_.leaving_gradient;
      case Transfer::What::kReceiveGradient:
        break;
    }
    return stage_.arriving_gradient;
  }

  void Issue(const Transfer& transfer) {
    Mirrored<float>& array = ArrayOf(transfer);
    const bool upstream =
        transfer.what == Transfer::What::kReceiveActivation || transfer.what == Transfer::What::kSendGradient;
    const int peer = pipeline_group_.rank() + (upstream ? -1 : 1);
    if (IsSend(transfer)) {
      Send(array, 0, array.size(), peer, pipeline_group_, stream_.get());
    } else {
      Receive(array, 0, array.size(), peer, pipeline_group_, stream_.get());
    }
  }

  // This rank's part of the job's loss and squared gradient norm; what several ranks have alike counts once.
  void FillTotals() {
    totals_.host()[0] = layout_.tensor_rank == 0 ? static_cast<float>(stage_.loss() / layout_.data) : 0.0f;
    double squares = 0;
    if (layout_.data_rank == 0) {
      squares = SumOfSquares(stage_.gradients().host());
      if (layout_.tensor_rank != 0) {
        for (const Floats& part : stage_.model().Replicated(stage_.gradients().host()))
          squares -= SumOfSquares(part);
      }
    }
    totals_.host()[1] = static_cast<float>(squares);
  }

  void Update(int64_t step) {
    const double norm = std::sqrt(totals_.host()[1]);
    if (norm > clip_) Scale(stage_.gradients().host(), static_cast<float>(clip_ / norm));
    adam_.Update(stage_.gradients().host(), step - 1, stage_.parameters().host());
  }

  Job& job_;
  const Layout layout_;
  const double clip_;
  Communicator tensor_group_, pipeline_group_, data_group_;
  Stream stream_;
  const std::vector<PipelineAction> schedule_;
  PipelineStage stage_;
  Mirrored<float> totals_;  // loss, squared gradient norm
  Adam adam_;
  const std::string replica_name_ = "parameters of shard " + std::to_string(layout_.DataColor());
};

double Train(const RankInfo& info, const HybridOptions& options) {
  const auto layout = MakeLayout(info.world_size, info.rank, options.tensor, options.pipeline, options.data);
  if (!layout.ok()) Fail(ExitCode::kUsage, layout.status().message());
  if (options.common.hidden % layout->tensor != 0)
    Fail(ExitCode::kUsage, "--hidden must be a multiple of --tp");
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.common.data, options.common.context));
  Job job(kProgram, "world", info, options.common);
  HybridTrainer trainer(job, dataset, *layout, options);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Tensor x pipeline x data parallel training on CUDA and NCCL");
  HybridOptions options;
  options.common.layers = 1;
  AddCommonOptions(app, options.common);
  const auto positive = CLI::PositiveNumber;
  app.add_option("--tp", options.tensor, "Tensor-parallel size (default: chosen)")->check(positive);
  app.add_option("--pp", options.pipeline, "Pipeline stages (default: chosen)")->check(positive);
  app.add_option("--dp", options.data, "Data-parallel size (default: chosen)")->check(positive);
  app.add_option("--microbatches", options.microbatches, "Microbatches of a step")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--clip", options.clip, "Largest gradient norm")->check(positive)->capture_default_str();
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
