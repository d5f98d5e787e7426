#include "cli/launch/local_port.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "absl/random/random.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr int kLowestPort = 10000;
constexpr int kUsualEphemeralStart = 32768;

int EphemeralStart() {
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  int first = 0;
  // A host that made nearly everything ephemeral leaves no quiet range; the usual one is as good as any other
  // then.
  return range >> first && first > kLowestPort + 1000 ? first : kUsualEphemeralStart;
}

// Empty when another rankle holds the port.
FileDescriptor Claim(int port) {
  FileDescriptor claim(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = Cat("rankle-port-", port);
  memcpy(address.sun_path + 1, name.data(), name.size());  // leading NUL: the abstract name space
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (!claim.is_open() || bind(claim.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) return {};
  return claim;
}

bool IsFree(int port) {
  const FileDescriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_ANY);  // what most rendezvous servers bind
  return probe.is_open() && bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

absl::StatusOr<LocalPort> LocalPort::Reserve() {
  absl::BitGen random;
  const int end = EphemeralStart();
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = absl::Uniform(random, kLowestPort, end);
    FileDescriptor claim = Claim(port);
    if (claim.is_open() && IsFree(port)) return LocalPort(std::move(claim), port);
  }
  return absl::UnavailableError(
      Cat("no free TCP port between ", kLowestPort, " and ", end, " on this host; end other jobs first"));
}

}  // namespace rankle::cli
