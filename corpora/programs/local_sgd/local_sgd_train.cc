// local_sgd_train: data-parallel training that communicates only now and then.
//
// Ranks make --inner-steps steps of Adam on their own, then average their parameters with one all-reduce
// (local SGD); with --outer-momentum the way that they went together drives an outer optimizer (DiLoCo).
// Steps between two meetings have no collective at all.
#include <CLI/CLI.hpp>
#include <vector>

#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/common/replica.h"
#include "corpora/programs/local_sgd/outer_step.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "local_sgd_train";

struct LocalSgdOptions {
  CommonOptions common;
  int inner_steps = 10;
  double outer_learning_rate = 1;
  double outer_momentum = 0;
};

class LocalSgdTrainer : public Trainer {
 public:
  LocalSgdTrainer(Job& job, const Dataset& dataset, const LocalSgdOptions& options)
      : job_(job),
        inner_steps_(options.inner_steps),
        replica_(job, dataset),
        outer_(replica_.parameters.size(), options.outer_learning_rate, options.outer_momentum) {
    replica_.Start(stream_.get());
    outer_.Anchor(replica_.parameters.host());
  }

  // The loss is the job's mean where ranks meet, and this rank's own in between.
  double Step(int64_t step) override {
    replica_.EnqueueGradients(step, stream_.get());
    replica_.EnqueueUpdate(step - 1, stream_.get());
    // The last step is a meeting too: a job ends with one model.
    if (step % inner_steps_ == 0 || step == job_.options().steps) EnqueueMeeting();
    job_.Wait(stream_.get());
    return replica_.loss.host()[0];
  }

  std::vector<Floats> State() override {
    std::vector<Floats> state = replica_.State();
    state.push_back(outer_.anchor());
    state.push_back(outer_.velocity());
    return state;
  }
  void Verify() override { job_.VerifyEqual(replica_.parameters.host(), job_.world()); }

 private:
  void EnqueueMeeting() {
    AllReduce(replica_.parameters, ncclAvg, job_.world(), stream_.get());
    EnqueueHost(stream_.get(), [this] { outer_.Apply(replica_.parameters.host()); });
    Job::MarkReplica("parameters", replica_.parameters.host(), stream_.get());
    AllReduce(replica_.loss, ncclAvg, job_.world(), stream_.get());
  }

  Job& job_;
  const int inner_steps_;
  Replica replica_;
  OuterStep outer_;
  Stream stream_;
};

double Train(const RankInfo& info, const LocalSgdOptions& options) {
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.common.data, options.common.context));
  Job job(kProgram, "dp0", info, options.common);
  LocalSgdTrainer trainer(job, dataset, options);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Data-parallel training that averages parameters every few steps (local SGD, DiLoCo)");
  LocalSgdOptions options;
  AddCommonOptions(app, options.common);
  app.add_option("--inner-steps", options.inner_steps, "Steps between two meetings")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--outer-lr", options.outer_learning_rate, "Learning rate of the outer optimizer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--outer-momentum", options.outer_momentum, "Nesterov momentum of the outer optimizer")
      ->check(CLI::Range(0.0, 0.999))
      ->capture_default_str();
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
