// moe_train: training of a mixture of experts.
//
// Experts are spread over the ranks of an expert group. In every step each rank routes its rows, exchanges
// how many go where, sends the rows to their experts and gets the results back (all-to-all by grouped send
// and receive, with sizes that change from step to step), and the same for the gradients on the way back. The
// dense parameters are averaged over the world, the experts over the groups that hold copies of them.
#include <CLI/CLI.hpp>
#include <vector>

#include "corpora/programs/common/adam.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/moe/moe_model.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "moe_train";

struct MoeOptions {
  CommonOptions common;
  int expert_ranks = 0;
  int experts_per_rank = 1;
};

MoeShape ShapeOf(const MoeOptions& options, int vocabulary, int expert_ranks, int group_rank) {
  MoeShape shape;
  shape.vocabulary = vocabulary;
  shape.context = options.common.context;
  shape.embed = options.common.embed;
  shape.hidden = options.common.hidden;
  shape.local_experts = options.experts_per_rank;
  shape.experts = options.experts_per_rank * expert_ranks;
  shape.first_expert = options.experts_per_rank * group_rank;
  shape.rows = options.common.batch;
  return shape;
}

class MoeTrainer : public Trainer {
 public:
  MoeTrainer(Job& job, const Dataset& dataset, const MoeOptions& options)
      : job_(job),
        dataset_(dataset),
        common_(options.common),
        expert_group_(job.world(), "ep", job.info().rank / options.expert_ranks, job.info().rank),
        replica_group_(job.world(), "edp", job.info().rank % options.expert_ranks, job.info().rank),
        shape_(ShapeOf(options, dataset.vocabulary(), expert_group_.size(), expert_group_.rank())),
        most_expert_rows_(static_cast<size_t>(shape_.rows) * expert_group_.size()),
        model_(shape_, most_expert_rows_),
        dense_(model_.dense_count()),
        ddense_(model_.dense_count()),
        experts_(model_.experts_count()),
        dexperts_(model_.experts_count()),
        sent_counts_(shape_.experts),
        received_counts_(shape_.experts),
        packed_(static_cast<size_t>(shape_.rows) * shape_.width()),
        returned_(packed_.size()),
        arrived_(most_expert_rows_ * shape_.width()),
        results_(arrived_.size()),
        loss_(1),
        dense_adam_(model_.dense_count(), common_.learning_rate),
        experts_adam_(model_.experts_count(), common_.learning_rate) {
    if (job_.info().rank == 0 || replica_group_.rank() == 0) {
      model_.Initialize(common_.seed, dense_.host(), experts_.host());
    }
    Broadcast(dense_, 0, job_.world(), stream_.get());
    Broadcast(experts_, 0, replica_group_, stream_.get());
    job_.Wait(stream_.get());
  }

  double Step(int64_t step) override {
    EnqueueRouting(step);
    ExchangeCounts();
    job_.Wait(stream_.get());  // the sizes of the transfers below are known on the host only now
    ReadSizes();
    EnqueueForward();
    EnqueueBackward();
    EnqueueUpdate(step);
    Job::MarkReplica("dense parameters", dense_.host(), stream_.get());
    AllReduce(loss_, ncclAvg, job_.world(), stream_.get());
    job_.Wait(stream_.get());
    return loss_.host()[0];
  }

  std::vector<Floats> State() override {
    return {dense_.host(),        experts_.host(),      dense_adam_.mean(),
            dense_adam_.square(), experts_adam_.mean(), experts_adam_.square()};
  }

  void Verify() override {
    job_.VerifyEqual(dense_.host(), job_.world());
    job_.VerifyEqual(experts_.host(), replica_group_);
  }

 private:
  // Floats that go to, or come from, each rank of the expert group.
  using Sizes = std::vector<size_t>;

  void EnqueueRouting(int64_t step) {
    job_.EnqueueCompute(stream_.get(), 0.2, [this, step] {
      dataset_.Fill(common_.seed, step, job_.info().rank, common_.batch, batch_);
      model_.Route(dense_.host(), batch_, packed_.host());
      std::ranges::copy(model_.routing().counts, sent_counts_.host().begin());
    });
  }

  void ExchangeCounts() {
    const size_t each = static_cast<size_t>(shape_.local_experts);
    const Sizes sizes(static_cast<size_t>(expert_group_.size()), each);
    AllToAll(sent_counts_, sizes, received_counts_, sizes);
  }

  void ReadSizes() {
    sent_ = SizesOf(sent_counts_);
    received_ = SizesOf(received_counts_);
  }

  Sizes SizesOf(Mirrored<int32_t>& counts) {
    Sizes sizes(static_cast<size_t>(expert_group_.size()), 0);
    for (size_t i = 0; i < counts.size(); ++i) {
      sizes[i / static_cast<size_t>(shape_.local_experts)] +=
          static_cast<size_t>(counts.host()[i]) * static_cast<size_t>(shape_.width());
    }
    return sizes;
  }

  template <typename T>
  void AllToAll(Mirrored<T>& from, const Sizes& from_sizes, Mirrored<T>& to, const Sizes& to_sizes) {
    size_t sent = 0, received = 0;
    from.ToDevice(stream_.get());
    {
      const NcclGroup together;
      for (int peer = 0; peer < expert_group_.size(); ++peer) {
        const size_t out = from_sizes[static_cast<size_t>(peer)], in = to_sizes[static_cast<size_t>(peer)];
        if (out > 0) Send(from, sent, out, peer, expert_group_, stream_.get());
        if (in > 0) Receive(to, received, in, peer, expert_group_, stream_.get());
        sent += out;
        received += in;
      }
    }
    to.ToHost(stream_.get(), 0, received);
  }

  void EnqueueForward() {
    AllToAll(packed_, sent_, arrived_, received_);
    job_.EnqueueCompute(stream_.get(), 0.2, [this] {
      model_.ExpertsForward(experts_.host(), received_counts_.host(), arrived_.host(), results_.host());
    });
    AllToAll(results_, received_, returned_, sent_);
    job_.EnqueueCompute(stream_.get(), 0.2, [this] {
      loss_.host()[0] = static_cast<float>(
          model_.Combine(dense_.host(), batch_, returned_.host(), packed_.host(), ddense_.host()));
    });
  }

  void EnqueueBackward() {
    // packed_ now holds gradients of results; the experts turn them into gradients of the rows they were
    // given.
    AllToAll(packed_, sent_, results_, received_);
    job_.EnqueueCompute(stream_.get(), 0.2, [this] {
      model_.ExpertsBackward(experts_.host(), received_counts_.host(), arrived_.host(), results_.host(),
                             results_.host(), dexperts_.host());
      // Rows of every rank of the group were summed here; the loss is the mean over the ranks.
      Scale(dexperts_.host(), 1.0f / static_cast<float>(expert_group_.size()));
    });
    AllToAll(results_, received_, returned_, sent_);
    job_.EnqueueCompute(stream_.get(), 0.2,
                        [this] { model_.Finish(batch_, returned_.host(), ddense_.host()); });
    AllReduce(ddense_, ncclAvg, job_.world(), stream_.get());
    if (replica_group_.size() > 1) AllReduce(dexperts_, ncclAvg, replica_group_, stream_.get());
  }

  void EnqueueUpdate(int64_t step) {
    EnqueueHost(stream_.get(), [this, step] {
      dense_adam_.Update(ddense_.host(), step - 1, dense_.host());
      experts_adam_.Update(dexperts_.host(), step - 1, experts_.host());
    });
  }

  Job& job_;
  const Dataset& dataset_;
  const CommonOptions& common_;
  Communicator expert_group_, replica_group_;
  const MoeShape shape_;
  const size_t most_expert_rows_;
  MoeModel model_;
  Mirrored<float> dense_, ddense_, experts_, dexperts_;
  Mirrored<int32_t> sent_counts_, received_counts_;  // rows of each expert
  Mirrored<float> packed_, returned_;                // this rank's rows
  Mirrored<float> arrived_, results_;                // rows of this rank's experts
  Mirrored<float> loss_;
  Adam dense_adam_, experts_adam_;
  Batch batch_;
  Sizes sent_, received_;
  Stream stream_;
};

double Train(const RankInfo& info, MoeOptions options) {
  if (options.expert_ranks == 0) options.expert_ranks = info.world_size;
  if (info.world_size % options.expert_ranks != 0) {
    Fail(ExitCode::kUsage, "--ep must divide the number of ranks");
  }
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.common.data, options.common.context));
  Job job(kProgram, "world", info, options.common);
  MoeTrainer trainer(job, dataset, options);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Training of a mixture of experts (all-to-all of rows) on CUDA and NCCL");
  MoeOptions options;
  AddCommonOptions(app, options.common);
  const auto positive = CLI::PositiveNumber;
  app.add_option("--ep", options.expert_ranks, "Ranks that share a set of experts (default: all)")
      ->check(positive);
  app.add_option("--experts-per-rank", options.experts_per_rank, "Experts on each rank")
      ->check(positive)
      ->capture_default_str();
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
