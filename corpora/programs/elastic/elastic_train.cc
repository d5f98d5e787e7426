// elastic_train: data-parallel training whose ranks change between steps.
//
// Ranks that --leave tear their communicator down; the others shrink theirs and train on. With --join those
// that left come back: everybody meets in a new communicator and gets the state of rank 0. A rank that does
// not come back ends with success while the job goes on.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/common/replica.h"
#include "corpora/programs/elastic/membership.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "elastic_train";

struct ElasticOptions {
  CommonOptions common;
  std::vector<std::string> leaves;
  int64_t join = 0;
};

class ElasticTrainer : public Trainer {
 public:
  ElasticTrainer(Job& job, const Dataset& dataset, const Membership& membership)
      : job_(job),
        membership_(membership),
        members_(membership.Members(0, job.info().world_size)),
        replica_(job, dataset) {
    replica_.Start(stream_.get());
  }

  bool BeforeStep(int64_t step) override {
    const std::vector<int> members = membership_.Members(step, job_.info().world_size);
    if (members == members_) return job_.InWorld();
    since_ = step;
    if (members.size() > members_.size()) {
      job_.RenewWorld(Name());
      replica_.ShareState(stream_.get());
    } else if (job_.InWorld()) {
      Shrink(members);
    }
    members_ = members;
    return job_.InWorld();
  }

  double Step(int64_t step) override {
    replica_.EnqueueGradients(step, stream_.get());
    AllReduce(replica_.gradients, ncclAvg, job_.world(), stream_.get());
    replica_.EnqueueUpdate(step - 1, stream_.get());
    // A name of its own for each set of members: a rank that was away has fewer of the marks.
    Job::MarkReplica(absl::StrCat("parameters of ", Name()), replica_.parameters.host(), stream_.get());
    AllReduce(replica_.loss, ncclAvg, job_.world(), stream_.get());
    job_.Wait(stream_.get());
    return replica_.loss.host()[0];
  }

  std::vector<Floats> State() override { return replica_.State(); }
  bool OwnsCheckpoint() const override { return job_.info().rank == 0; }
  void Restored() override { replica_.ShareState(stream_.get()); }
  void Verify() override {
    if (job_.InWorld()) job_.VerifyEqual(replica_.parameters.host(), job_.world());
  }

 private:
  std::string Name() const { return absl::StrCat("dp", since_); }

  void Shrink(const std::vector<int>& members) {
    // Ranks of the communicator are places in members_.
    std::vector<int> excluded;
    for (size_t place = 0; place < members_.size(); ++place) {
      if (!std::binary_search(members.begin(), members.end(), members_[place]))
        excluded.push_back(static_cast<int>(place));
    }
    if (std::binary_search(members.begin(), members.end(), job_.info().rank)) {
      job_.ShrinkWorld(excluded, Name());
    } else {
      job_.LeaveWorld();
    }
  }

  Job& job_;
  const Membership& membership_;
  std::vector<int> members_;  // of the world communicator, by the rank at the start
  int64_t since_ = 0;         // the step that began with a change of members
  Replica replica_;
  Stream stream_;
};

double Train(const RankInfo& info, const CommonOptions& options, const Membership& membership) {
  if (membership.HighestRank() >= info.world_size) {
    Fail(ExitCode::kUsage, absl::StrCat("--leave names rank ", membership.HighestRank(), ", but there are ",
                                        info.world_size, " ranks"));
  }
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.data, options.context));
  Job job(kProgram, "dp0", info, options);
  ElasticTrainer trainer(job, dataset, membership);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Data-parallel training whose ranks leave and come back between steps");
  ElasticOptions options;
  Membership membership;
  AddCommonOptions(app, options.common);
  app.add_option("--leave", options.leaves,
                 "The rank has no part in this step and those after it (repeatable)")
      ->type_name("STEP:RANK");
  app.add_option("--join", options.join, "The step with which all that left before are back (0: none)")
      ->check(CLI::NonNegativeNumber);
  app.callback([&] {
    auto parsed = Membership::Parse(options.leaves, options.join);
    if (!parsed.ok()) throw CLI::ValidationError("--leave", std::string(parsed.status().message()));
    membership = *std::move(parsed);
  });
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options.common, membership));
}
