#include "tracer/ebpf/connections.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace rankle::ebpf {
namespace {

using kernel::TcpSocket;

constexpr uint32_t kLoopbackNet = 127;

bool IsLoopback(uint32_t address) { return address >> 24 == kLoopbackNet; }

// A connection as one end names it. Within a network namespace for loopback, else wherever it is seen.
using End = std::tuple<uint64_t, uint32_t, uint16_t, uint32_t, uint16_t>;

End ThisEnd(const OwnedSocket& owned) {
  const TcpSocket& s = owned.socket;
  return {IsLoopback(s.source) ? owned.network : 0, s.source, s.source_port, s.destination,
          s.destination_port};
}

End OtherEnd(const OwnedSocket& owned) {
  const TcpSocket& s = owned.socket;
  return {IsLoopback(s.source) ? owned.network : 0, s.destination, s.destination_port, s.source,
          s.source_port};
}

std::string Text(uint32_t address) {
  return absl::StrCat(address >> 24, ".", address >> 16 & 255, ".", address >> 8 & 255, ".", address & 255);
}

}  // namespace

std::vector<kernel::LinkSums::Seen> LinksBetween(const std::vector<OwnedSocket>& sockets) {
  std::map<End, int> rank_of;
  for (const OwnedSocket& owned : sockets) rank_of[ThisEnd(owned)] = owned.rank;
  std::vector<kernel::LinkSums::Seen> seen;
  for (const OwnedSocket& owned : sockets) {
    const auto other = rank_of.find(OtherEnd(owned));
    if (owned.rank < 0 || other == rank_of.end() || other->second < 0 || other->second == owned.rank)
      continue;
    seen.push_back({owned.rank, other->second, owned.socket});
  }
  return seen;
}

std::vector<Peer> PeersOf(const std::vector<TcpSocket>& sockets, size_t most) {
  std::map<uint32_t, Peer> by_address;
  for (const TcpSocket& socket : sockets) {
    Peer& peer = by_address[socket.destination];
    ++peer.connections;
    peer.rtt_us = std::max(peer.rtt_us, socket.rtt_us);
    if (socket.min_rtt_us != 0 && (peer.min_rtt_us == 0 || socket.min_rtt_us < peer.min_rtt_us))
      peer.min_rtt_us = socket.min_rtt_us;
    peer.segments += socket.segments, peer.retransmits += socket.retransmits;
  }
  std::vector<Peer> peers;
  for (auto& [address, peer] : by_address) {
    peer.address = Text(address);
    peers.push_back(std::move(peer));
  }
  std::stable_sort(peers.begin(), peers.end(),
                   [](const Peer& a, const Peer& b) { return a.rtt_us > b.rtt_us; });
  if (peers.size() > most) peers.resize(most);
  return peers;
}

}  // namespace rankle::ebpf
