// The TCP connections of attached processes, in whatever network namespace they are: who has which, and what
// the kernel counts for them (sock_diag; no probe is needed). One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tracer/ebpf/connections.h"
#include "tracer/kernel/sampler.h"

namespace rankle::ebpf {

class JobSockets {
 public:
  JobSockets() = default;
  JobSockets(const JobSockets&) = delete;
  ~JobSockets();

  // Which sockets these processes (pid -> rank, -1 = unknown) have by now. Costs some 2 us a descriptor.
  void Refresh(const std::map<uint32_t, int>& rank_of);
  // One look at all connections, twice in a row: see LinkSums.
  void Look(double now_s);

  std::vector<kernel::LinkPressure> Links() const { return links_.Links(); }
  // As of the last look.
  std::vector<kernel::TcpSocket> Of(uint32_t pid) const;
  // Inodes of the sockets that the process had at the last Refresh.
  const std::vector<uint64_t>& InodesOf(uint32_t pid) const;
  // Why the connections of some process are not seen; each once.
  std::vector<std::string> TakeNotes() { return std::exchange(notes_, {}); }

 private:
  struct Owner {
    uint32_t pid = 0;
    int rank = -1;
  };
  // Segments of a connection before it was seen for the first time: loss then is not loss now.
  struct Before {
    uint32_t segments = 0, retransmits = 0;
  };
  struct Network {
    int diagnosis = -1;             // -1: cannot be asked
    std::map<uint64_t, Owner> own;  // by inode of the socket
    std::map<uint64_t, Before> before;
    bool in_use = false;
  };
  std::vector<OwnedSocket> Ask();
  Network& NetworkOf(uint32_t pid, uint64_t id);

  std::map<uint64_t, Network> networks_;  // by inode of the namespace
  std::map<uint32_t, std::vector<uint64_t>> inodes_;
  std::vector<OwnedSocket> last_;
  kernel::LinkSums links_;
  std::vector<std::string> notes_;
};

}  // namespace rankle::ebpf
