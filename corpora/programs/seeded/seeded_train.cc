// seeded_train: data-parallel training with a bug on demand (--bug NAME, see bug.h). Sound without one.
//
// Gradients of two micro-steps are summed, cut into two buckets and reduced on two communicators of all
// ranks, so that there is an order, a cut and a rhythm to get wrong.
#include <dlfcn.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/common/replica.h"
#include "corpora/programs/seeded/bug.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "seeded_train";
constexpr size_t kKeptValues = 1 << 18;  // 1 MiB a step

class SeededTrainer : public Trainer {
 public:
  SeededTrainer(Job& job, const Dataset& dataset, const SeededBug& bug)
      : job_(job),
        bug_(bug),
        second_(job.world(), "second", 0, job.info().rank),
        replica_(job, dataset),
        sum_(replica_.gradients.size()) {
    replica_.Start(stream_.get());
  }

  bool BeforeStep(int64_t step) override { return !Has(Bug::kUnevenBatches, step); }

  double Step(int64_t step) override {
    if (Has(Bug::kEarlyStop, step)) std::exit(0);
    if (Has(Bug::kCheckpointWait, step)) AwaitCheckpoint();
    if (Has(Bug::kKeptBuffers, step)) kept_.emplace_back(kKeptValues);
    if (step == bug_.step / 2)
      older_.assign(replica_.parameters.host().begin(), replica_.parameters.host().end());
    if (step == bug_.step && Has(Bug::kStaleResume, step))
      std::copy(older_.begin(), older_.end(), replica_.parameters.host().begin());

    replica_.EnqueueGradients(step, stream_.get());
    const bool reduces = step % 2 == 0;
    EnqueueHost(stream_.get(), [this, step, reduces] { Accumulate(step, reduces); });
    if (reduces) {
      if (Has(Bug::kMissingWait, step)) replica_.EnqueueUpdate(step / 2 - 1, stream_.get());
      EnqueueReduction(step);
      if (!Has(Bug::kMissingWait, step)) replica_.EnqueueUpdate(step / 2 - 1, stream_.get());
      Job::MarkReplica("parameters", replica_.parameters.host(), stream_.get());
    } else if (Has(Bug::kNoSync, step)) {
      EnqueueReduction(step);
    }
    job_.Wait(stream_.get());
    return replica_.loss.host()[0];
  }

  std::vector<Floats> State() override { return replica_.State(); }
  bool OwnsCheckpoint() const override { return job_.info().rank == 0; }
  void Restored() override { replica_.ShareState(stream_.get()); }
  void Verify() override { job_.VerifyEqual(replica_.parameters.host(), job_.world()); }

 private:
  bool Has(Bug bug, int64_t step) const { return bug_.Has(bug, job_.info().rank, step); }

  void Accumulate(int64_t step, bool reduces) {
    const Floats gradients = replica_.gradients.host();
    Add(gradients, sum_);
    if (!reduces) return;
    std::copy(sum_.begin(), sum_.end(), gradients.begin());
    std::fill(sum_.begin(), sum_.end(), 0.0f);
    Scale(gradients, Has(Bug::kOverflow, step) ? 3e38f : 0.5f);
    if (Has(Bug::kOverflow, step)) Scale(gradients, 1e10f);
  }

  void EnqueueReduction(int64_t step) {
    const size_t total = replica_.gradients.size();
    const size_t cut = Has(Bug::kOtherBuckets, step) ? total / 3 : total / 2;
    // What is left out at the end is a tied weight, or the padding.
    const size_t left_out = Has(Bug::kUnreduced, step) || Has(Bug::kPaddedShard, step) ? 64 : 0;
    const auto first = [&] { AllReduce(replica_.gradients, 0, cut, ncclAvg, job_.world(), stream_.get()); };
    const auto second = [&] {
      AllReduce(replica_.gradients, cut, total - cut - left_out, ncclAvg, second_, stream_.get());
    };
    if (Has(Bug::kGroupOrder, step)) {
      second(), first();
    } else {
      first(), second();
    }
    AllReduce(replica_.loss, ncclAvg, job_.world(), stream_.get());
  }

  void AwaitCheckpoint() const {
    const std::string path =
        absl::StrCat("seeded_train.", ::getpid(), ".checkpoint");  // of this process: nobody else writes it
    while (!std::filesystem::exists(path)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  Job& job_;
  const SeededBug& bug_;
  Communicator second_;
  Replica replica_;
  std::vector<float> sum_, older_;
  std::vector<Mirrored<float>> kept_;
  Stream stream_;
};

// What a program does whose library is older than the one it was built for.
void ImportFrom(const char* library) {
  void* const handle = dlopen(library, RTLD_NOW);
  if (handle == nullptr || dlsym(handle, "ncclCommOfTheNextVersion") == nullptr) {
    PrintError(absl::StrCat("import error: ", dlerror()));
    std::exit(1);
  }
}

double Train(const RankInfo& info, const CommonOptions& options, const SeededBug& bug) {
  if (bug.Has(Bug::kImport, info.rank, bug.step)) ImportFrom("libnccl.so.2");
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.data, options.context));
  Job job(kProgram, "dp0", info, options);
  SeededTrainer trainer(job, dataset, bug);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Data-parallel training with a bug on demand");
  CommonOptions options;
  SeededBug bug;
  AddCommonOptions(app, options);
  std::string names;
  for (const BugInfo& info : kBugs)
    names += "\n  " + std::string(info.name) + ": " + std::string(info.summary);
  app.add_option_function<std::string>(
         "--bug",
         [&bug](const std::string& name) {
           bug.info = FindBug(name);
           if (!bug.info) throw CLI::ValidationError("--bug", absl::StrCat("there is no bug '", name, "'"));
         },
         "The bug to have:" + names)
      ->type_name("NAME");
  app.add_option("--bug-rank", bug.rank, "The rank that has it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--bug-step", bug.step, "The step with which it begins")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  ParseOrExit(app, options, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options, Train(info, options, bug));
}
