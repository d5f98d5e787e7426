// All-reduce bandwidth of the virtual NCCL against Gloo's own all-reduce: the same ranks (processes), sizes
// and connections on one machine in one run; and the cost of many small all-reduces on many ranks.
//   virtual_nccl_bench [ranks=4] [MiB=64] [repeats=5]
//   virtual_nccl_bench small [ranks=64] [operations=1000]
#include <gloo/allreduce.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/transport/tcp/device.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "virtual_gpu/nccl/gloo_connections.h"
#include "virtual_gpu/nccl/store.h"
#include "virtual_gpu/nccl/testing/fake_device.h"
#include "virtual_gpu/nccl/testing/processes.h"

namespace rankle::virtual_nccl::testing {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Bench {
  ncclComm_t comm = nullptr;
  void Barrier() {
    int value = 0;
    ncclAllReduce(&value, &value, 1, ncclInt, ncclSum, comm, nullptr);
    cudaStreamSynchronize(nullptr);
  }
};

// Gloo's new-style all-reduce on a mesh of its own.
class GlooBench {
 public:
  explicit GlooBench(const ProcessRank& self)
      : context_(std::make_shared<gloo::rendezvous::Context>(self.rank, self.nranks)) {
    RendezvousId id = *RendezvousId::Unpack(self.id);
    id.key ^= 0x61;
    std::atomic<bool> stop{false};
    auto store = *StoreClient::Connect(id, stop);
    gloo::transport::tcp::attr attributes;
    attributes.hostname = store->LocalHost();
    std::shared_ptr<gloo::transport::Device> device = gloo::transport::tcp::CreateDevice(attributes);
    GlooStore key_values(store->KeyValues());
    context_->connectFullMesh(key_values, device);
  }
  void AllReduce(std::vector<float>& data) {
    gloo::AllreduceOptions options(context_);
    options.setOutput(data.data(), data.size());
    options.setReduceFunction(
        [](void* into, const void* a, const void* b, size_t n) { gloo::sum<float>(into, a, b, n); });
    gloo::allreduce(options);
  }

 private:
  std::shared_ptr<gloo::rendezvous::Context> context_;
};

int Bandwidth(const ProcessRank& self, size_t bytes, int repeats) {
  cudaSetDevice(self.rank);
  Bench bench;
  if (ncclCommInitRank(&bench.comm, self.nranks, self.id, self.rank) != ncclSuccess) return 1;
  GlooBench peer(self);
  std::vector<float> data(bytes / sizeof(float), 1);
  double ours = 1e9;
  double theirs = 1e9;
  for (int i = 0; i < repeats + 1; ++i) {  // the first round warms up buffers and connections
    bench.Barrier();
    Clock::time_point begin = Clock::now();
    ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, bench.comm, nullptr);
    cudaStreamSynchronize(nullptr);
    bench.Barrier();
    if (i > 0) ours = std::min(ours, Seconds(begin));
    begin = Clock::now();
    peer.AllReduce(data);
    bench.Barrier();
    if (i > 0) theirs = std::min(theirs, Seconds(begin));
  }
  if (self.rank == 0) {
    const double megabytes = static_cast<double>(bytes) / 1e6;
    std::printf("all-reduce of %.0f MB on %d ranks: virtual NCCL %.0f MB/s, gloo %.0f MB/s, ratio %.2f\n",
                megabytes, self.nranks, megabytes / ours, megabytes / theirs, theirs / ours);
    std::fflush(stdout);
  }
  ncclCommDestroy(bench.comm);
  return 0;
}

int Small(const ProcessRank& self, int operations) {
  cudaSetDevice(self.rank);
  const Clock::time_point begin = Clock::now();
  Bench bench;
  if (ncclCommInitRank(&bench.comm, self.nranks, self.id, self.rank) != ncclSuccess) return 1;
  const double init = Seconds(begin);
  std::vector<float> data(256, 1);
  for (int i = 0; i < operations; ++i) {
    ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclMax, bench.comm, nullptr);
  }
  cudaStreamSynchronize(nullptr);
  if (self.rank == 0) {
    std::printf("%d ranks: start %.2f s, %d all-reduces of 1 KiB %.2f s\n", self.nranks, init, operations,
                Seconds(begin) - init);
    std::fflush(stdout);
  }
  ncclCommDestroy(bench.comm);
  return 0;
}

int Main(int argc, char** argv) {
  const auto number = [&](int i, int fallback) { return i < argc ? std::atoi(argv[i]) : fallback; };
  std::vector<int> statuses;
  if (argc > 1 && std::string(argv[1]) == "small") {
    statuses =
        RunProcesses(number(2, 64), [&](const ProcessRank& self) { return Small(self, number(3, 1000)); });
  } else {
    const size_t bytes = static_cast<size_t>(number(2, 64)) << 20;
    statuses = RunProcesses(number(1, 4),
                            [&](const ProcessRank& self) { return Bandwidth(self, bytes, number(3, 5)); });
  }
  for (int status : statuses) {
    if (status != 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace rankle::virtual_nccl::testing

int main(int argc, char** argv) { return rankle::virtual_nccl::testing::Main(argc, argv); }
