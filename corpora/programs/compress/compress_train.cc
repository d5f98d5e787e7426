// compress_train: data-parallel training with compressed gradients.
//
// Every rank picks the large values of its gradient and holds the rest back. Ranks gather how many there are,
// then positions and values, padded to the largest number: what a collective moves differs in every step, and
// the host must wait in the middle of it to learn the size.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/job.h"
#include "corpora/programs/common/replica.h"
#include "corpora/programs/compress/sparsifier.h"

namespace rankle::programs {
namespace {

constexpr char kProgram[] = "compress_train";

struct CompressOptions {
  CommonOptions common;
  double threshold = 1.5;
};

class CompressTrainer : public Trainer {
 public:
  CompressTrainer(Job& job, const Dataset& dataset, const CompressOptions& options)
      : job_(job),
        replica_(job, dataset),
        sparsifier_(replica_.gradients.size(), options.threshold),
        own_positions_(replica_.gradients.size()),
        own_values_(replica_.gradients.size()),
        counts_(static_cast<size_t>(job.world().size())),
        positions_(replica_.gradients.size() * counts_.size()),
        values_(replica_.gradients.size() * counts_.size()) {
    replica_.Start(stream_.get());
  }

  double Step(int64_t step) override {
    replica_.EnqueueGradients(step, stream_.get());
    EnqueueHost(stream_.get(), [this] {
      counts_.host()[Rank()] =
          static_cast<int32_t>(sparsifier_.Select(replica_.gradients.host(), own_positions_, own_values_));
    });
    AllGather(counts_, job_.world(), stream_.get());
    job_.Wait(stream_.get());

    const auto counts = counts_.host();
    const auto [least, largest] = std::minmax_element(counts.begin(), counts.end());
    if (*least < 0 || static_cast<size_t>(*largest) > replica_.gradients.size())
      Fail(ExitCode::kOther, "a rank says that it has more values than there are parameters");
    const auto most = static_cast<size_t>(*largest);
    EnqueueHost(stream_.get(), [this, most] {
      std::copy_n(own_positions_.begin(), most, positions_.host().subspan(Rank() * most).begin());
      std::copy_n(own_values_.begin(), most, values_.host().subspan(Rank() * most).begin());
    });
    AllGather(positions_, most, job_.world(), stream_.get());
    AllGather(values_, most, job_.world(), stream_.get());
    EnqueueHost(stream_.get(), [this, most] { Unpack(most); });
    replica_.EnqueueUpdate(step - 1, stream_.get());
    Job::MarkReplica("parameters", replica_.parameters.host(), stream_.get());
    AllReduce(replica_.loss, ncclAvg, job_.world(), stream_.get());
    job_.Wait(stream_.get());
    return replica_.loss.host()[0];
  }

  std::vector<Floats> State() override {
    std::vector<Floats> state = replica_.State();
    state.push_back(sparsifier_.held_back());
    return state;
  }
  void Verify() override { job_.VerifyEqual(replica_.parameters.host(), job_.world()); }

 private:
  size_t Rank() const { return static_cast<size_t>(job_.world().rank()); }

  // In the order of ranks, so that every rank gets the same bits.
  void Unpack(size_t most) {
    const Floats gradients = replica_.gradients.host();
    std::fill(gradients.begin(), gradients.end(), 0.0f);
    for (size_t rank = 0; rank < counts_.size(); ++rank) {
      const auto count = static_cast<size_t>(counts_.host()[rank]);
      const float share = 1.0f / static_cast<float>(counts_.size());
      if (!AddSparse(positions_.host().subspan(rank * most, count),
                     values_.host().subspan(rank * most, count), share, gradients))
        Fail(ExitCode::kOther, absl::StrCat("compressed gradients of rank ", rank, " name no parameter"));
    }
  }

  Job& job_;
  Replica replica_;
  Sparsifier sparsifier_;
  std::vector<int32_t> own_positions_;
  std::vector<float> own_values_;
  Mirrored<int32_t> counts_, positions_;
  Mirrored<float> values_;
  Stream stream_;
};

double Train(const RankInfo& info, const CompressOptions& options) {
  const Dataset dataset = CheckedValue(Dataset::FromFile(options.common.data, options.common.context));
  Job job(kProgram, "dp0", info, options.common);
  CompressTrainer trainer(job, dataset, options);
  return job.Run(trainer);
}

}  // namespace
}  // namespace rankle::programs

int main(int argc, char** argv) {
  using namespace rankle::programs;
  CLI::App app("Data-parallel training with gradients compressed by threshold and error feedback");
  CompressOptions options;
  AddCommonOptions(app, options.common);
  app.add_option("--threshold", options.threshold,
                 "Values of so many times the gradient's root mean square travel")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  ParseOrExit(app, options.common, argc, argv);
  const RankInfo info = StartProgram(kProgram);
  PrintDone(info, options.common, Train(info, options));
}
