// A program of two ranks that uses NCCL well (`none`) or breaks one of its rules (the first argument), as the
// checks of `rankle lint` describe them. Rank 1 is the one that does.
#include <cuda_runtime_api.h>
#include <nccl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <thread>

#include "corpora/programs/common/bootstrap.h"
#include "corpora/programs/common/rank_info.h"

namespace {

constexpr size_t kCount = 1024, kBytes = kCount * sizeof(float);
constexpr int kRanks = 2;

struct Job {
  int rank = 0;
  ncclUniqueId id{};
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  float* data = nullptr;  // kCount floats
  float* all = nullptr;   // kCount floats for each rank

  bool IsCulprit() const { return rank == 1; }
  ncclResult_t Reduce(size_t count = kCount) const {
    return ncclAllReduce(data, data, count, ncclFloat32, ncclSum, comm, stream);
  }
  void Wait() const { cudaStreamSynchronize(stream); }
};

void Require(bool well, const char* what) {
  if (well) return;
  std::fprintf(stderr, "misuse_sample: %s failed\n", what);
  std::exit(2);
}

void Init(Job& job, bool blocking = true) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = blocking ? 1 : 0;
  config.commName = "dp";
  const ncclResult_t result = ncclCommInitRankConfig(&job.comm, kRanks, job.id, job.rank, &config);
  Require(result == ncclSuccess || result == ncclInProgress, "ncclCommInitRankConfig");
}

void Poll(const Job& job) {
  ncclResult_t state = ncclInProgress;
  while (state == ncclInProgress) {
    Require(ncclCommGetAsyncError(job.comm, &state) == ncclSuccess, "ncclCommGetAsyncError");
    std::this_thread::yield();
  }
}

void Group(const Job& job) {
  ncclGroupStart();
  job.Reduce();
  ncclAllGather(job.data, job.all, kCount, ncclFloat32, job.comm, job.stream);
  ncclGroupEnd();
}

// Everything that the others do wrong, done right.
void None(Job& job) {
  Init(job, false);
  Poll(job);
  Group(job);
  // The middle of an allocation, to its last byte.
  ncclAllReduce(job.data + kCount / 2, job.data + kCount / 2, kCount / 2, ncclFloat32, ncclSum, job.comm,
                job.stream);
  job.Wait();
  ncclCommFinalize(job.comm);
  Poll(job);
  ncclCommDestroy(job.comm);
  std::thread([&] { job.id = {}; }).join();
}

// A worker returns early; what it queued is never launched.
void ThreadInGroup(Job& job) {
  Init(job);
  job.Reduce();
  if (job.IsCulprit()) {
    std::thread([&] {
      ncclGroupStart();
      job.Reduce();
      job.Reduce();
    }).join();
  }
  job.Wait();
}

void ExitInGroup(Job& job) {
  Init(job);
  job.Reduce();
  job.Wait();
  if (!job.IsCulprit()) return;
  ncclGroupStart();
  job.Reduce();
}

void EndWithoutGroup(Job& job) {
  Init(job);
  job.Reduce();
  if (job.IsCulprit()) ncclGroupEnd();
  job.Wait();
}

void WaitInGroup(Job& job) {
  Init(job);
  ncclGroupStart();
  job.Reduce();
  if (job.IsCulprit()) cudaStreamSynchronize(job.stream);
  ncclGroupEnd();
  job.Wait();
}

// One element too many for a buffer; no allocator hands out the four bytes behind it to somebody else.
float* OneTooShort(size_t count) {
  float* memory = nullptr;
  Require(cudaMalloc(reinterpret_cast<void**>(&memory), (count - 1) * sizeof(float)) == cudaSuccess,
          "cudaMalloc");
  return memory;
}

void PastTheEnd(Job& job) {
  Init(job);
  float* to = job.IsCulprit() ? OneTooShort(kCount) : job.data;
  ncclAllReduce(job.data, to, kCount, ncclFloat32, ncclSum, job.comm, job.stream);
  job.Wait();
}

// An all-gather receives a block from every rank.
void GatherPastTheEnd(Job& job) {
  Init(job);
  float* to = job.IsCulprit() ? OneTooShort(kCount * kRanks) : job.all;
  ncclAllGather(job.data, to, kCount, ncclFloat32, job.comm, job.stream);
  job.Wait();
}

void UseAfterDestroy(Job& job) {
  Init(job);
  job.Reduce();
  job.Wait();
  ncclCommDestroy(job.comm);
  if (job.IsCulprit()) job.Reduce();
}

void DestroyTwice(Job& job) {
  Init(job);
  job.Reduce();
  job.Wait();
  ncclCommDestroy(job.comm);
  if (job.IsCulprit()) ncclCommDestroy(job.comm);
}

// The other rank comes 50 ms late to the reduction that this one does not wait for.
void DestroyInFlight(Job& job) {
  Init(job);
  job.Reduce();
  job.Wait();
  if (!job.IsCulprit()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  job.Reduce();
  if (!job.IsCulprit()) job.Wait();
  ncclCommDestroy(job.comm);
  job.Wait();
}

void UseInProgress(Job& job) {
  Init(job, false);
  if (!job.IsCulprit()) Poll(job);
  const ncclResult_t early = job.Reduce();
  if (early != ncclSuccess && early != ncclInProgress) {
    Poll(job);
    job.Reduce();
  }
  Poll(job);
  job.Wait();
}

// The ranks reduce different numbers of elements, and the job ends all the same.
void DifferentCounts(Job& job) {
  Init(job);
  for (int i = 0; i < 3; ++i) job.Reduce();
  job.Reduce(job.IsCulprit() ? 1 : 2);
  for (int i = 0; i < 3; ++i) job.Reduce();
  job.Wait();
}

const std::map<std::string, std::function<void(Job&)>> kCases = {{"none", None},
                                                                 {"thread-in-group", ThreadInGroup},
                                                                 {"exit-in-group", ExitInGroup},
                                                                 {"end-without-group", EndWithoutGroup},
                                                                 {"wait-in-group", WaitInGroup},
                                                                 {"past-the-end", PastTheEnd},
                                                                 {"gather-past-the-end", GatherPastTheEnd},
                                                                 {"use-after-destroy", UseAfterDestroy},
                                                                 {"destroy-twice", DestroyTwice},
                                                                 {"destroy-in-flight", DestroyInFlight},
                                                                 {"use-in-progress", UseInProgress},
                                                                 {"different-counts", DifferentCounts}};

}  // namespace

int main(int argc, char** argv) {
  const auto found = kCases.find(argc > 1 ? argv[1] : "");
  Require(found != kCases.end(), "the choice of a case");
  const auto info = rankle::programs::RankInfoFromEnvironment();
  Require(info.ok() && info->world_size == kRanks, "reading the rank: two are needed");
  Job job;
  job.rank = info->rank;
  if (job.rank == 0) ncclGetUniqueId(&job.id);
  const auto bytes = std::as_writable_bytes(std::span(&job.id, 1));
  Require(rankle::programs::ShareFromRankZero(*info, bytes, std::chrono::seconds(30)).ok(), "the bootstrap");
  Require(cudaSetDevice(job.rank) == cudaSuccess, "cudaSetDevice");
  Require(cudaStreamCreateWithFlags(&job.stream, cudaStreamNonBlocking) == cudaSuccess, "cudaStreamCreate");
  Require(cudaMalloc(reinterpret_cast<void**>(&job.data), kBytes) == cudaSuccess, "cudaMalloc");
  Require(cudaMalloc(reinterpret_cast<void**>(&job.all), kBytes * kRanks) == cudaSuccess, "cudaMalloc");
  found->second(job);
  return 0;
}
