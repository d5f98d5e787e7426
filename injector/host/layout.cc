#include "injector/host/layout.h"

#include "absl/strings/str_cat.h"

namespace rankle::host {
namespace {

// 10.77.0.1 and up. Any private range would do: nothing leaves the namespaces.
constexpr unsigned kFirstAddress = 10u << 24 | 77u << 16 | 1;

}  // namespace

std::vector<int> Layout::RanksOf(int host) const {
  std::vector<int> found;
  for (int rank = 0; rank < ranks; ++rank) {
    if (HostOf(rank) == host) found.push_back(rank);
  }
  return found;
}

std::string HostName(int host) { return absl::StrCat("host", host); }

unsigned AddressNumber(int host) { return kFirstAddress + static_cast<unsigned>(host); }

std::string AddressOf(int host) {
  const unsigned address = AddressNumber(host);
  return absl::StrCat(address >> 24, ".", address >> 16 & 255, ".", address >> 8 & 255, ".", address & 255);
}

}  // namespace rankle::host
