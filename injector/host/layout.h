// Which rank runs on which of the hosts that `rankle run --hosts` makes, and their addresses. Pure.
#pragma once

#include <string>
#include <vector>

namespace rankle::host {

inline constexpr int kMostHosts = 64;  // one veth pair, one bridge port each

// Ranks in blocks: of 8 ranks on 4 hosts, 0 and 1 are on host 0.
struct Layout {
  int ranks = 0;
  int hosts = 0;  // 0: all ranks share the machine's own network

  int HostOf(int rank) const { return rank * hosts / ranks; }
  std::vector<int> RanksOf(int host) const;
};

std::string HostName(int host);  // "host2"
std::string AddressOf(int host);
// As classifiers compare it: the address as a number, most significant byte first.
unsigned AddressNumber(int host);

}  // namespace rankle::host
