#include "tests/synthetic_job/job.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"

namespace rankle::synthetic {
namespace {

// The shape of a step. Sizes are those of a small transformer; only their relations matter.
constexpr int kMicrobatches = 2, kLayers = 4;
constexpr int kReductionsPerLayer = 2;  // tensor parallelism: one after attention, one after the MLP
constexpr int kBuckets = 4;             // gradients, data parallel
constexpr uint64_t kActivations = 4096 * 1024, kBucket = 25 * 1024 * 1024;
// Own work before a reduction of the forward pass; backward takes twice as long.
constexpr int64_t kWorkNs = 1'000'000;
// Of a collective after the last arrival, and of a transfer.
constexpr int64_t kCollectiveNs = 200'000, kTransferNs = 100'000;
// A host is sometimes held up: this often, for up to this long.
constexpr double kPauseChance = 0.001;
constexpr int64_t kPauseNs = 2'000'000;
constexpr int64_t kCreationNs = 50'000'000;  // the communicators are there; the first step begins
// The collective of the last step, counted from 0, at which a hang or a mismatch happens.
constexpr int kFaultyCollective = 2;

// Random numbers as a function of what they are for: SplitMix64's finaliser over (seed, rank, index).
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
double Unit(uint64_t seed, uint64_t rank, uint64_t index) {  // in (0, 1)
  return (static_cast<double>(Mix(Mix(Mix(seed) ^ rank) ^ index) >> 11) + 0.5) * 0x1.0p-53;
}

int DataSize(const JobSpec& spec) { return spec.ranks / (spec.tensor * spec.pipeline); }

int CollectivesPerStep(const JobSpec& spec) {
  const int passes = 2 * kMicrobatches;  // forward and backward
  return (spec.tensor > 1 ? passes * kLayers * kReductionsPerLayer : 0) +
         (DataSize(spec) > 1 ? kBuckets : 0) + 1;
}
int TransfersPerStep(const JobSpec& spec) { return spec.pipeline > 1 ? 4 * kMicrobatches : 0; }
int Steps(const JobSpec& spec) {
  const int per_step = CollectivesPerStep(spec);
  return (spec.collectives + per_step - 1) / per_step;
}

class Simulation {
 public:
  Simulation(const JobSpec& spec, JobSink& sink)
      : spec_(spec), sink_(sink), steps_(Steps(spec)), ranks_(static_cast<size_t>(spec.ranks)) {
    for (int culprit : spec.culprits) ranks_[culprit].culprit = true;
    for (Rank& rank : ranks_) rank.free_at = kCreationNs;
    faulty_collective_ = (steps_ - 1) * CollectivesPerStep(spec) + kFaultyCollective;
  }

  int64_t Run() {
    for (step_ = 0; step_ < steps_; ++step_) {
      for (int r = 0; r < spec_.ranks; ++r) {
        if (!ranks_[r].blocked) sink_.Step(r, step_, ranks_[r].free_at);
      }
      for (int m = 0; m < kMicrobatches; ++m) Pass(/*forward=*/true);
      for (int m = 0; m < kMicrobatches; ++m) Pass(/*forward=*/false);
      Reduce(Axis::kData, kBuckets, Call::kReduceScatter, kBucket);
      Reduce(Axis::kWorld, 1, Call::kAllReduce, 1);  // gradient norm and loss
    }
    return now_;
  }

 private:
  struct Rank {
    int64_t free_at = 0;  // end of its last operation, or of its work after it
    int issued = 0;       // collectives
    uint64_t draws = 0;
    bool culprit = false, blocked = false;
  };

  // One micro-batch through all stages. A stage hands its result on as soon as it has it.
  void Pass(bool forward) {
    const int stage_ranks = spec_.ranks / spec_.pipeline;
    for (int i = 0; i < spec_.pipeline; ++i) {
      const int stage = forward ? i : spec_.pipeline - 1 - i;
      for (int first = stage * stage_ranks; first < (stage + 1) * stage_ranks; first += spec_.tensor) {
        for (int r = first; i > 0 && r < first + spec_.tensor; ++r)
          Transfer(forward ? r - stage_ranks : r + stage_ranks, r);
        Layers(GroupOf(spec_, Axis::kTensor, first), forward);
      }
    }
  }

  void Layers(const Group& group, bool forward) {
    for (int k = 0; k < kLayers * kReductionsPerLayer; ++k) {
      for (int i = 0; i < group.size; ++i) Work(group.RankOf(i), forward ? kWorkNs : 2 * kWorkNs);
      if (group.size > 1) Collective(group, Call::kAllReduce, kActivations);
    }
  }

  void Reduce(Axis axis, int times, Call call, uint64_t count) {
    for (int r = 0; r < spec_.ranks; ++r) {
      const Group group = GroupOf(spec_, axis, r);
      if (group.first != r || (axis != Axis::kWorld && group.size < 2)) continue;
      for (int k = 0; k < times; ++k) Collective(group, call, count);
    }
  }

  void Work(int r, int64_t ns) {
    Rank& rank = ranks_[r];
    // Box and Muller; the tails are cut where work would become negative.
    const double u = Unit(spec_.seed, r, rank.draws++), v = Unit(spec_.seed, r, rank.draws++);
    const double normal = std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
    double factor = std::max(0.1, 1 + spec_.jitter * normal);
    if (spec_.fault == Fault::kSlow && rank.culprit && step_ * 3 >= steps_) factor *= spec_.factor;
    rank.free_at += static_cast<int64_t>(factor * static_cast<double>(ns));
    const double pause = Unit(spec_.seed, r, rank.draws++);
    if (pause < kPauseChance)
      rank.free_at += static_cast<int64_t>(pause / kPauseChance * static_cast<double>(kPauseNs));
  }

  void Collective(const Group& group, Call call, uint64_t count) {
    bool agreed = true;
    int64_t last = 0;
    for (int i = 0; i < group.size; ++i) {
      Rank& rank = ranks_[group.RankOf(i)];
      const bool faulty = rank.culprit && rank.issued == faulty_collective_;
      if (faulty && spec_.fault == Fault::kHang) rank.blocked = true;
      agreed = agreed && !rank.blocked && !(faulty && spec_.fault == Fault::kMismatch);
      last = std::max(last, rank.free_at);
    }
    const int64_t finished = agreed ? last + kCollectiveNs : 0;
    for (int i = 0; i < group.size; ++i) {
      const int r = group.RankOf(i);
      Rank& rank = ranks_[r];
      if (rank.blocked) continue;
      const bool faulty = rank.culprit && rank.issued == faulty_collective_;
      const bool wrong = faulty && spec_.fault == Fault::kMismatch;
      ++rank.issued;
      Issue(rank, {r, group.axis, call, wrong ? count / 2 : count, -1, rank.free_at, finished});
    }
  }

  void Transfer(int from, int to) {
    const bool complete = !ranks_[from].blocked && !ranks_[to].blocked;
    const int64_t finished = complete ? std::max(ranks_[from].free_at, ranks_[to].free_at) + kTransferNs : 0;
    const Group group = GroupOf(spec_, Axis::kPipeline, from);
    for (const auto& [self, peer, call] :
         {std::tuple(from, to, Call::kSend), std::tuple(to, from, Call::kReceive)}) {
      Rank& rank = ranks_[self];
      if (rank.blocked) continue;
      Issue(rank, {self, group.axis, call, kActivations, group.MemberOf(peer), rank.free_at, finished});
    }
  }

  void Issue(Rank& rank, const Operation& operation) {
    sink_.Issue(operation);
    rank.blocked = operation.finished == 0;
    rank.free_at = std::max(operation.entered, operation.finished);
    now_ = std::max(now_, rank.free_at);
  }

  const JobSpec& spec_;
  JobSink& sink_;
  const int steps_;
  int step_ = 0, faulty_collective_ = 0;
  int64_t now_ = 0;
  std::vector<Rank> ranks_;
};

}  // namespace

absl::Status Check(const JobSpec& spec) {
  if (spec.tensor < 1 || spec.pipeline < 1 || spec.ranks < 2 ||
      spec.ranks % (spec.tensor * spec.pipeline) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("--ranks ", spec.ranks, ": no multiple of --tp ",
                                                   spec.tensor, " x --pp ", spec.pipeline,
                                                   ": choose sizes that divide it"));
  }
  for (int culprit : spec.culprits) {
    if (culprit < 0 || culprit >= spec.ranks)
      return absl::InvalidArgumentError(
          absl::StrCat("--culprit ", culprit, ": no such rank: choose one from 0 to ", spec.ranks - 1));
  }
  if (spec.fault != Fault::kNone && spec.culprits.empty())
    return absl::InvalidArgumentError("--fault: nobody commits it: name ranks with --culprit");
  return absl::OkStatus();
}

Group GroupOf(const JobSpec& spec, Axis axis, int rank) {
  const int data = DataSize(spec), t = rank % spec.tensor, d = rank / spec.tensor % data;
  const int stage = rank / (spec.tensor * data) * spec.tensor * data;
  switch (axis) {
    case Axis::kTensor:
      return {axis, stage + d * spec.tensor, 1, spec.tensor};
    case Axis::kPipeline:
      return {axis, rank - stage, spec.tensor * data, spec.pipeline};
    case Axis::kData:
      return {axis, stage + t, spec.tensor, data};
    case Axis::kWorld:
      break;
  }
  return {axis, 0, 1, spec.ranks};
}

int64_t Simulate(const JobSpec& spec, JobSink& sink) { return Simulation(spec, sink).Run(); }

int RecordsPerRank(const JobSpec& spec) {
  return Steps(spec) * (CollectivesPerStep(spec) + TransfersPerStep(spec) + 1);
}

}  // namespace rankle::synthetic
