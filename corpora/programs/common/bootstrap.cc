#include "corpora/programs/common/bootstrap.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::programs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kMagic = 0x524b4c42;       // "RKLB": a stranger that connects is turned away
constexpr std::chrono::seconds kPatience{5};  // with one that connected and says nothing

struct Hello {
  uint32_t magic = kMagic;
  int32_t rank = 0;
  int32_t world_size = 0;
  int32_t blob_bytes = 0;
};

class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::string Place(const RankInfo& info) {
  return absl::StrCat("bootstrap on ", info.master_address, ":", info.master_port);
}

std::string ErrnoText() { return std::strerror(errno); }

bool WaitFor(int descriptor, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && left <= 0) return false;
  }
}

bool ReceiveAll(int descriptor, void* data, size_t bytes, Clock::time_point deadline) {
  auto* at = static_cast<std::byte*>(data);
  while (bytes > 0) {
    if (!WaitFor(descriptor, POLLIN, deadline)) return false;
    const ssize_t got = ::recv(descriptor, at, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

bool SendAll(int descriptor, const void* data, size_t bytes) {
  const auto* at = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    const ssize_t sent = ::send(descriptor, at, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    bytes -= static_cast<size_t>(sent);
  }
  return true;
}

// Listens on every interface: MASTER_ADDR may be a name that other hosts resolve to another address of this
// one.
absl::StatusOr<Socket> Listen(const RankInfo& info) {
  Socket listener(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool ipv6 = static_cast<bool>(listener);
  if (!ipv6) listener = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1, off = 0;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage address{};
  socklen_t length = 0;
  if (ipv6) {
    ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    auto& any = reinterpret_cast<sockaddr_in6&>(address);
    any.sin6_family = AF_INET6;
    any.sin6_addr = in6addr_any;
    any.sin6_port = htons(info.master_port);
    length = sizeof any;
  } else {
    auto& any = reinterpret_cast<sockaddr_in&>(address);
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    any.sin_port = htons(info.master_port);
    length = sizeof any;
  }
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener.get(), std::max(info.world_size, 16)) != 0) {
    return absl::UnavailableError(
        absl::StrCat(Place(info), ": cannot listen: ", ErrnoText(), "; set MASTER_PORT to a free port"));
  }
  return listener;
}

std::string Missing(const std::vector<bool>& served) {
  std::vector<size_t> ranks;
  for (size_t rank = 1; rank < served.size(); ++rank) {
    if (!served[rank]) ranks.push_back(rank);
  }
  return absl::StrJoin(ranks, ",");
}

absl::Status Serve(const RankInfo& info, std::span<const std::byte> blob, Clock::time_point deadline) {
  auto listener = Listen(info);
  if (!listener.ok()) return listener.status();
  std::vector<bool> served(static_cast<size_t>(info.world_size), false);
  for (int left = info.world_size - 1; left > 0;) {
    if (!WaitFor(listener->get(), POLLIN, deadline)) {
      return absl::DeadlineExceededError(absl::StrCat(Place(info), ": rank ", Missing(served),
                                                      " did not come; check that every rank was started"));
    }
    Socket peer(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    Hello hello;
    if (!peer || !ReceiveAll(peer.get(), &hello, sizeof hello, std::min(deadline, Clock::now() + kPatience)))
      continue;
    if (hello.magic != kMagic || hello.rank < 1 || hello.rank >= info.world_size) continue;
    if (hello.world_size != info.world_size || hello.blob_bytes != static_cast<int32_t>(blob.size())) {
      return absl::FailedPreconditionError(
          absl::StrCat(Place(info), ": rank ", hello.rank, " has WORLD_SIZE ", hello.world_size,
                       ", rank 0 has ", info.world_size, "; start all ranks with the same settings"));
    }
    if (!SendAll(peer.get(), blob.data(), blob.size())) continue;  // it died or will come again
    if (!served[static_cast<size_t>(hello.rank)]) --left;
    served[static_cast<size_t>(hello.rank)] = true;
  }
  return absl::OkStatus();
}

Socket Connect(const RankInfo& info) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(info.master_address.c_str(), std::to_string(info.master_port).c_str(), &hints, &found) !=
      0) {
    return Socket();
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Socket candidate(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (candidate && ::connect(candidate.get(), at->ai_addr, at->ai_addrlen) == 0) return candidate;
  }
  return Socket();
}

absl::Status Fetch(const RankInfo& info, std::span<std::byte> blob, Clock::time_point deadline) {
  const Hello hello{kMagic, info.rank, info.world_size, static_cast<int32_t>(blob.size())};
  for (auto pause = std::chrono::milliseconds(2);;
       pause = std::min(2 * pause, std::chrono::milliseconds(100))) {
    Socket master = Connect(info);
    if (master && SendAll(master.get(), &hello, sizeof hello) &&
        ReceiveAll(master.get(), blob.data(), blob.size(), deadline)) {
      return absl::OkStatus();
    }
    if (Clock::now() + pause > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(Place(info), ": rank 0 does not answer; check MASTER_ADDR, MASTER_PORT and rank 0"));
    }
    std::this_thread::sleep_for(pause);  // nothing to wait on: rank 0 does not listen yet
  }
}

}  // namespace

absl::Status ShareFromRankZero(const RankInfo& info, std::span<std::byte> blob,
                               std::chrono::milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  if (info.world_size == 1) return absl::OkStatus();
  return info.rank == 0 ? Serve(info, blob, deadline) : Fetch(info, blob, deadline);
}

}  // namespace rankle::programs
