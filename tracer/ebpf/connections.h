// Which ranks talk over which connections: the sockets of attached processes, with their other ends. Pure.
//
// A connection whose other end belongs to a process that is not attached (of another machine, or behind
// address translation) has a peer, and no rank there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tracer/kernel/sampler.h"
#include "tracer/kernel/tcp_sockets.h"

namespace rankle::ebpf {

struct OwnedSocket {
  uint64_t network =
      0;          // which network namespace it was seen in: loopback addresses mean something within one
  int rank = -1;  // of the process that has it
  kernel::TcpSocket socket;
};

// Every connection between two different ranks, once from each end that is seen.
std::vector<kernel::LinkSums::Seen> LinksBetween(const std::vector<OwnedSocket>& sockets);

// The connections of one process with one address.
struct Peer {
  std::string address;  // "10.77.0.2"
  uint32_t connections = 0;
  uint32_t rtt_us = 0;      // smoothed round trip, the longest of them
  uint32_t min_rtt_us = 0;  // the shortest that any has had; 0 = not known
  uint64_t segments = 0, retransmits = 0;
};
// The slowest first, at most `most`.
std::vector<Peer> PeersOf(const std::vector<kernel::TcpSocket>& sockets, size_t most);

}  // namespace rankle::ebpf
