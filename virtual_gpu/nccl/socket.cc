#include "virtual_gpu/nccl/socket.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rankle::virtual_nccl {
namespace {

absl::Status SystemError(absl::StatusCode code, absl::string_view what, const std::string& address) {
  return absl::Status(code, absl::StrCat("virtual NCCL: ", what, " ", address, ": ", std::strerror(errno)));
}

bool InterfaceMatches(absl::string_view name, absl::string_view pattern) {
  const bool negated = absl::ConsumePrefix(&pattern, "^");
  const bool exact = absl::ConsumePrefix(&pattern, "=");
  bool listed = false;
  for (absl::string_view entry : absl::StrSplit(pattern, ',', absl::SkipEmpty())) {
    listed = listed || (exact ? name == entry : absl::StartsWith(name, entry));
  }
  return listed != negated;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<SocketAddress> SocketAddress::Parse(const std::string& host_and_port) {
  const size_t colon = host_and_port.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("virtual NCCL: \"", host_and_port, "\" is no address; write host:port"));
  }
  std::string host = host_and_port.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), host_and_port.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("virtual NCCL: cannot resolve \"", host_and_port, "\": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  return address;
}

std::string SocketAddress::Host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, text, sizeof text);
  } else {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text, sizeof text);
  }
  return text;
}

std::string SocketAddress::HostAndPort() const {
  const in_port_t port = storage.ss_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port;
  return JoinHostPort(Host(), ntohs(port));
}

std::string JoinHostPort(const std::string& host, int port) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

absl::StatusOr<Socket> Listen(const std::string& host_and_port) {
  auto address = SocketAddress::Parse(host_and_port);
  if (!address.ok()) return address.status();
  Socket socket(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (socket.get() < 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->length) != 0 ||
      ::listen(socket.get(), 1024) != 0) {
    return SystemError(absl::StatusCode::kInternal, "cannot listen on", host_and_port);
  }
  return socket;
}

absl::StatusOr<Socket> Dial(const std::string& host_and_port) {
  auto address = SocketAddress::Parse(host_and_port);
  if (!address.ok()) return address.status();
  Socket socket(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->length) != 0) {
    const bool nobody_there = errno == ECONNREFUSED || errno == ETIMEDOUT || errno == EINTR;
    return SystemError(nobody_there ? absl::StatusCode::kUnavailable : absl::StatusCode::kInternal,
                       "cannot connect to", host_and_port);
  }
  const int one = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return socket;
}

absl::StatusOr<SocketAddress> LocalAddress(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) {
    return SystemError(absl::StatusCode::kInternal, "cannot read", "the address of a socket");
  }
  return address;
}

bool SendAll(int fd, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = ::send(fd, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool ReceiveAll(int fd, void* data, size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t received = ::recv(fd, at, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    at += received;
    size -= static_cast<size_t>(received);
  }
  return true;
}

absl::StatusOr<std::string> InterfaceAddress(const std::string& pattern) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0)
    return SystemError(absl::StatusCode::kInternal, "cannot list", "network interfaces");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family) continue;
      if (!(entry->ifa_flags & IFF_UP) || !InterfaceMatches(entry->ifa_name, pattern)) continue;
      SocketAddress address;
      address.length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
      std::memcpy(&address.storage, entry->ifa_addr, address.length);
      return address.Host();
    }
  }
  return absl::NotFoundError(
      absl::StrCat("NCCL_SOCKET_IFNAME: no interface that is up matches \"", pattern, "\"; see `ip addr`"));
}

}  // namespace rankle::virtual_nccl
