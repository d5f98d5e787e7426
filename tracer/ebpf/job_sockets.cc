#include "tracer/ebpf/job_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tracer/ebpf/process_info.h"

namespace rankle::ebpf {
namespace {

// Inode of the process's network namespace; 0 = it has ended, or is not ours to look at.
uint64_t NetworkIdOf(uint32_t pid) {
  struct stat found = {};
  return stat(absl::StrCat("/proc/", pid, "/ns/net").c_str(), &found) == 0 ? found.st_ino : 0;
}

// A socket belongs to the namespace in which it was made: this thread goes there for a moment.
int OpenDiagnosisIn(uint32_t pid) {
  const int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int there = open(absl::StrCat("/proc/", pid, "/ns/net").c_str(), O_RDONLY | O_CLOEXEC);
  int diagnosis = -1;
  if (here >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
    diagnosis = kernel::OpenSocketDiagnosis();
    const int error = errno;
    setns(here, CLONE_NEWNET);
    errno = error;
  }
  const int error = errno;
  if (here >= 0) close(here);
  if (there >= 0) close(there);
  errno = error;
  return diagnosis;
}

}  // namespace

JobSockets::~JobSockets() {
  for (const auto& [id, network] : networks_) {
    if (network.diagnosis >= 0) close(network.diagnosis);
  }
}

JobSockets::Network& JobSockets::NetworkOf(uint32_t pid, uint64_t id) {
  const auto [found, added] = networks_.try_emplace(id);
  Network& network = found->second;
  if (!added) return network;
  network.diagnosis = id == NetworkIdOf(static_cast<uint32_t>(getpid())) ? kernel::OpenSocketDiagnosis()
                                                                         : OpenDiagnosisIn(pid);
  if (network.diagnosis < 0)
    notes_.push_back(absl::StrCat("connections of process ", pid,
                                  " are not seen: its network namespace: ", strerror(errno)));
  return network;
}

void JobSockets::Refresh(const std::map<uint32_t, int>& rank_of) {
  for (auto& [id, network] : networks_) network.own.clear(), network.in_use = false;
  inodes_.clear();
  for (const auto& [pid, rank] : rank_of) {
    const uint64_t id = NetworkIdOf(pid);
    if (id == 0) continue;
    Network& network = NetworkOf(pid, id);
    network.in_use = true;
    inodes_[pid] = SocketsOf(static_cast<int>(pid));
    // A socket that was inherited is that of the process that is known longest: the others do not use it.
    for (const uint64_t inode : inodes_[pid]) network.own.try_emplace(inode, Owner{pid, rank});
  }
  // Nothing keeps a network namespace alive but those who use it.
  std::erase_if(networks_, [](const auto& entry) {
    if (entry.second.in_use) return false;
    if (entry.second.diagnosis >= 0) close(entry.second.diagnosis);
    return true;
  });
}

std::vector<OwnedSocket> JobSockets::Ask() {
  std::vector<OwnedSocket> sockets;
  for (auto& [id, network] : networks_) {
    if (network.diagnosis < 0 || network.own.empty()) continue;
    for (kernel::TcpSocket& socket : kernel::TcpSockets(network.diagnosis)) {
      const auto owner = network.own.find(socket.inode);
      if (owner == network.own.end()) continue;
      const Before& before =
          network.before.try_emplace(socket.inode, Before{socket.segments, socket.retransmits}).first->second;
      // An inode number that came back for another socket counts from below.
      if (socket.segments >= before.segments) socket.segments -= before.segments;
      if (socket.retransmits >= before.retransmits) socket.retransmits -= before.retransmits;
      sockets.push_back({id, owner->second.rank, socket});
    }
  }
  return sockets;
}

void JobSockets::Look(double now_s) {
  last_ = Ask();
  links_.Look(now_s, LinksBetween(last_), LinksBetween(Ask()));
}

std::vector<kernel::TcpSocket> JobSockets::Of(uint32_t pid) const {
  std::vector<kernel::TcpSocket> sockets;
  const std::vector<uint64_t>& inodes = InodesOf(pid);
  for (const OwnedSocket& owned : last_) {
    if (std::find(inodes.begin(), inodes.end(), owned.socket.inode) != inodes.end())
      sockets.push_back(owned.socket);
  }
  return sockets;
}

const std::vector<uint64_t>& JobSockets::InodesOf(uint32_t pid) const {
  static const std::vector<uint64_t> kNone;
  const auto found = inodes_.find(pid);
  return found == inodes_.end() ? kNone : found->second;
}

}  // namespace rankle::ebpf
