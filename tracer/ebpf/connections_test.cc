// Which ranks the ends of connections belong to.
#include "tracer/ebpf/connections.h"

#include <gtest/gtest.h>

namespace rankle::ebpf {
namespace {

constexpr uint32_t kLoopback = 127u << 24 | 1, kFirst = 10u << 24 | 1, kSecond = 10u << 24 | 2;

OwnedSocket Socket(uint64_t network, int rank, uint32_t from, uint16_t from_port, uint32_t to,
                   uint16_t to_port) {
  OwnedSocket owned;
  owned.network = network, owned.rank = rank;
  owned.socket.source = from, owned.socket.source_port = from_port;
  owned.socket.destination = to, owned.socket.destination_port = to_port;
  return owned;
}

std::vector<std::pair<int, int>> RanksOf(const std::vector<OwnedSocket>& sockets) {
  std::vector<std::pair<int, int>> ranks;
  for (const auto& seen : LinksBetween(sockets)) ranks.emplace_back(seen.source, seen.destination);
  return ranks;
}

using Pairs = std::vector<std::pair<int, int>>;

TEST(Connections, BothEndsOfAConnectionAreFoundWhateverNetworkNamespaceTheyAreIn) {
  EXPECT_EQ(RanksOf({Socket(1, 0, kFirst, 40, kSecond, 50), Socket(2, 1, kSecond, 50, kFirst, 40)}),
            (Pairs{{0, 1}, {1, 0}}));
}

TEST(Connections, RanksOfOneHostAreToldApartByTheirPorts) {
  EXPECT_EQ(RanksOf({Socket(1, 0, kLoopback, 40, kLoopback, 50), Socket(1, 2, kLoopback, 50, kLoopback, 40),
                     Socket(1, 1, kLoopback, 41, kLoopback, 51), Socket(1, 2, kLoopback, 51, kLoopback, 41)}),
            (Pairs{{0, 2}, {2, 0}, {1, 2}, {2, 1}}));
}

TEST(Connections, TheSameLoopbackPortsOfTwoNetworkNamespacesAreTwoConnections) {
  EXPECT_EQ(RanksOf({Socket(1, 0, kLoopback, 40, kLoopback, 50), Socket(2, 1, kLoopback, 50, kLoopback, 40)}),
            Pairs{});
}

TEST(Connections, APeerThatIsNoRankOfOursIsNoLink) {
  EXPECT_EQ(RanksOf({Socket(1, 0, kFirst, 40, kSecond, 50)}), Pairs{});
  EXPECT_EQ(RanksOf({Socket(1, 0, kFirst, 40, kSecond, 50), Socket(2, -1, kSecond, 50, kFirst, 40)}),
            Pairs{});
  EXPECT_EQ(RanksOf({Socket(1, 3, kFirst, 40, kFirst, 50), Socket(1, 3, kFirst, 50, kFirst, 40)}), Pairs{});
}

TEST(Connections, TheSlowestPeersComeFirst) {
  std::vector<kernel::TcpSocket> sockets(3);
  sockets[0].destination = kFirst, sockets[0].rtt_us = 40, sockets[0].min_rtt_us = 30;
  sockets[1].destination = kSecond, sockets[1].rtt_us = 900, sockets[1].retransmits = 2;
  sockets[2].destination = kFirst, sockets[2].rtt_us = 60, sockets[2].min_rtt_us = 20;
  const std::vector<Peer> peers = PeersOf(sockets, 8);
  ASSERT_EQ(peers.size(), 2u);
  EXPECT_EQ(peers[0].address, "10.0.0.2");
  EXPECT_EQ(peers[0].retransmits, 2u);
  EXPECT_EQ(peers[1].connections, 2u);
  EXPECT_EQ(peers[1].rtt_us, 60u);
  EXPECT_EQ(peers[1].min_rtt_us, 20u);
  EXPECT_EQ(PeersOf(sockets, 1).size(), 1u);
}

}  // namespace
}  // namespace rankle::ebpf
