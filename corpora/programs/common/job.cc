#include "corpora/programs/common/job.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "corpora/programs/common/bootstrap.h"
#include "corpora/programs/common/collectives.h"
#include "corpora/programs/common/dataset.h"
#include "corpora/programs/common/job_error.h"
#include "tracer/api/rankle.h"

namespace rankle::programs {
namespace {

void Expired(double limit_s) {
  PrintError(absl::StrCat("no progress for ", limit_s, " s (--timeout); giving up"));
  std::fflush(stdout);
  // No clean-up: whatever hangs would hang that too. The end of the process releases everything.
  std::_Exit(static_cast<int>(ExitCode::kTimeout));
}

// FNV-1a over the bits, so that -0 and 0 or two NaNs count as different.
uint64_t Checksum(ConstFloats values) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::byte byte : std::as_bytes(values))
    hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3ULL;
  return hash;
}

ncclUniqueId SharedUniqueId(const RankInfo& info, double limit_s) {
  ncclUniqueId id{};
  if (info.rank == 0) Check(ncclGetUniqueId(&id), "ncclGetUniqueId");
  Check(ShareFromRankZero(info, std::as_writable_bytes(std::span(id.internal)),
                          std::chrono::milliseconds(static_cast<int64_t>(limit_s * 1000))));
  return id;
}

void SelectDevice(int local_rank) {
  int devices = 0;
  const cudaError_t counted = cudaGetDeviceCount(&devices);
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && devices < 1)) {
    Fail(ExitCode::kCuda, "no GPU; start with `rankle run --virtual-gpus N`");
  }
  Check(counted, "cudaGetDeviceCount");
  Check(cudaSetDevice(local_rank % devices), "cudaSetDevice");
}

}  // namespace

Job::Job(const std::string& program, const std::string& world_name, const RankInfo& info,
         const CommonOptions& options)
    : info_(info),
      options_(options),
      watchdog_(std::chrono::duration<double>(options.timeout_s),
                [limit = options.timeout_s] { Expired(limit); }),
      checkpoints_(options.checkpoint_dir, program, info.world_size, info.rank) {
  SetFailureHandler(AbortCommunicators);
  SelectDevice(info_.local_rank);
  RenewWorld(world_name);
  control_.emplace();
}

void Job::ShrinkWorld(const std::vector<int>& excluded, const std::string& name) {
  auto smaller = std::make_unique<Communicator>(*world_, excluded, name);
  world_ = std::move(smaller);
}

void Job::RenewWorld(const std::string& name) {
  world_.reset();
  const ncclUniqueId id = SharedUniqueId(info_, options_.init_timeout_s);
  world_ = std::make_unique<Communicator>(name, info_.world_size, id, info_.rank);
}

void Job::BeginStep(int64_t step) {
  SetErrorStep(step);
  watchdog_.Beat();
  rankle_mark_step(step);
}

void Job::MarkReplica(const std::string& name, const Floats& array, cudaStream_t stream) {
  rankle_mark_replica(name.c_str(), array.data(), array.size_bytes(), stream);
}

// The wait for a loader that does not keep up.
void Job::AwaitBatch() {
  if (info_.rank == options_.input_delay.rank) std::this_thread::sleep_for(options_.input_delay.time);
  if (options_.read_each_step) Check(Dataset::ReadThrough(options_.data));
}

double Job::Run(Trainer& trainer) {
  double loss = 0, sum = 0;
  int64_t summed = 0;
  for (int64_t step = Resume(trainer) + 1; step <= options_.steps; ++step) {
    if (!trainer.BeforeStep(step)) continue;
    BeginStep(step);
    AwaitBatch();
    sum += trainer.Step(step);
    ++summed;
    if (step == 1 || step % options_.log_every == 0 || step == options_.steps) {
      // The mean since the last line: the loss of one small batch says little.
      loss = std::exchange(sum, 0.0) / static_cast<double>(std::exchange(summed, 0));
      if (info_.rank == 0) std::printf("step %lld loss %.4f\n", static_cast<long long>(step), loss);
      std::fflush(stdout);
    }
    if (options_.checkpoint_every > 0 && step % options_.checkpoint_every == 0) SaveCheckpoint(trainer, step);
  }
  watchdog_.Beat();
  if (options_.verify) trainer.Verify();
  return loss;
}

void Job::Wait(cudaStream_t stream) {
  using std::chrono::microseconds;
  for (microseconds pause(20);; pause = std::min(2 * pause, microseconds(1000))) {
    // The state of the stream is read before the errors: an aborted collective also leaves the stream empty.
    const cudaError_t state = cudaStreamQuery(stream);
    if (state != cudaErrorNotReady) Check(state, "cudaStreamQuery");
    CheckAsyncErrors();
    if (state == cudaSuccess) return;
    std::this_thread::sleep_for(pause);  // CUDA offers no wait that also ends on a communicator's error
  }
}

void Job::Barrier() {
  Mirrored<int32_t> token(1);
  AllReduce(token, ncclSum, *world_, control_->get());
  Wait(control_->get());
}

int64_t Job::Resume(Trainer& trainer) {
  if (!options_.resume) return 0;
  // Rank 0 decides, so that all ranks go on from the same step even when they see different directories.
  Mirrored<int64_t> step(1);
  if (info_.rank == 0) step.host()[0] = CheckedValue(checkpoints_.Latest()).value_or(0);
  Broadcast(step, 0, *world_, control_->get());
  Wait(control_->get());
  last_checkpoint_ = step.host()[0];
  if (last_checkpoint_ == 0) return 0;
  if (trainer.OwnsCheckpoint()) Check(checkpoints_.Read(last_checkpoint_, trainer.State()));
  trainer.Restored();
  if (info_.rank == 0) std::printf("resumed after step %lld\n", static_cast<long long>(last_checkpoint_));
  return last_checkpoint_;
}

void Job::SaveCheckpoint(Trainer& trainer, int64_t step) {
  if (trainer.OwnsCheckpoint()) Check(checkpoints_.Write(step, trainer.State()));
  Barrier();  // `latest` must not name a step that some rank has not written
  if (info_.rank == 0) Check(checkpoints_.SetLatest(step));
  Barrier();  // nor may the older files go before it has moved on
  if (last_checkpoint_ > 0) checkpoints_.Remove(last_checkpoint_);
  last_checkpoint_ = step;
}

void Job::VerifyEqual(ConstFloats values, const Communicator& group) {
  Mirrored<uint64_t> sums(static_cast<size_t>(group.size()));
  sums.host()[static_cast<size_t>(group.rank())] = Checksum(values);
  AllGather(sums, group, control_->get());
  Wait(control_->get());
  for (int other = 0; other < group.size(); ++other) {
    if (sums.host()[static_cast<size_t>(other)] == sums.host()[static_cast<size_t>(group.rank())]) continue;
    Fail(ExitCode::kOther, absl::StrCat("verification: parameters differ between rank ", group.rank(),
                                        " and ", other, " of ", group.name(), "; a reduction went wrong"));
  }
}

RankInfo StartProgram(const std::string& program) {
  SetErrorContext(program, 0);
  const RankInfo info = CheckedValue(RankInfoFromEnvironment());
  SetErrorContext(program, info.rank);
  return info;
}

void PrintDone(const RankInfo& info, const CommonOptions& options, double loss) {
  if (info.rank == 0) std::printf("done steps=%lld loss=%.4f\n", static_cast<long long>(options.steps), loss);
}

}  // namespace rankle::programs
