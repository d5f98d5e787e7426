#include "cli/hosts/kernel_watch.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <map>

#include "cli/launch/clock.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "tracer/kernel/sampler.h"

namespace rankle::cli {
namespace {

// A look at the sockets takes some 50 us a host, at a process some 20 us a thread.
constexpr int kSocketsMs = 20;
constexpr int kProcessesEvery = 10;  // looks at the sockets
constexpr int kWriteEvery = 50;

class Watcher {
 public:
  explicit Watcher(const KernelWatch& watch) : watch_(watch) {
    for (const auto& [rank, pid] : watch.ranks) groups_[rank] = kernel::ReadGroupPaths(pid);
    if (watch.network == nullptr) return;
    for (size_t host = 0; host < watch.network->hosts.size(); ++host) {
      // A link belongs to a host: which of several ranks on it sent is not known.
      const std::vector<int> ranks = watch.layout.RanksOf(static_cast<int>(host));
      if (ranks.size() != 1 || setns(watch.network->hosts[host].net.get(), CLONE_NEWNET) != 0) continue;
      rank_of_[host::AddressNumber(static_cast<int>(host))] = ranks.front();
      sockets_.emplace_back(kernel::OpenSocketDiagnosis());
    }
  }

  void LookAtSockets() {
    if (sockets_.empty()) return;
    const std::vector<kernel::LinkSums::Seen> seen = Sockets();
    links_.Look(Now(), seen, Sockets());
  }

  void LookAtProcesses() {
    for (const auto& [rank, pid] : watch_.ranks)
      ranks_.Look(Now(), rank, kernel::ReadProcess(pid), kernel::ReadGroups(groups_[rank]));
  }

  void Write() const {
    const std::string text = kernel::KernelRecordJson({Now(), ranks_.Ranks(), links_.Links()});
    if (absl::Status status = WriteFile(Cat(watch_.output_dir, "/kernel.json"), text); !status.ok())
      SayError(status);
  }

 private:
  double Now() const { return static_cast<double>(MonotonicNs() - begin_ns_) * 1e-9; }

  std::vector<kernel::LinkSums::Seen> Sockets() const {
    std::vector<kernel::LinkSums::Seen> seen;
    for (const FileDescriptor& diagnosis : sockets_) {
      for (const kernel::TcpSocket& socket : kernel::TcpSockets(diagnosis.get())) {
        const auto source = rank_of_.find(socket.source), destination = rank_of_.find(socket.destination);
        if (source == rank_of_.end() || destination == rank_of_.end() ||
            source->second == destination->second)
          continue;
        seen.push_back({source->second, destination->second, socket});
      }
    }
    return seen;
  }

  const KernelWatch& watch_;
  const uint64_t begin_ns_ = MonotonicNs();
  std::map<int, kernel::GroupPaths> groups_;
  std::map<unsigned, int> rank_of_;  // by address
  std::vector<FileDescriptor> sockets_;
  kernel::LinkSums links_;
  kernel::RankSums ranks_;
};

}  // namespace

void WatchKernel(const KernelWatch& watch, int stop) {
  Watcher watcher(watch);
  for (int look = 0;; ++look) {
    watcher.LookAtSockets();
    if (look % kProcessesEvery == 0) watcher.LookAtProcesses();
    if (look % kWriteEvery == 0) watcher.Write();
    pollfd source{.fd = stop, .events = POLLIN, .revents = 0};
    if (poll(&source, 1, kSocketsMs) > 0) break;
  }
  watcher.LookAtProcesses();  // not at the sockets: the job's end closes them
  watcher.Write();
}

}  // namespace rankle::cli
