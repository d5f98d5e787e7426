// Thin RAII and helpers over TCP sockets for the rendezvous: numeric addresses only, no name service.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace rankle::virtual_nccl {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  static absl::StatusOr<SocketAddress> Parse(const std::string& host_and_port);
  std::string Host() const;
  std::string HostAndPort() const;
};

// `host` with `port` as one string; brackets around an IPv6 address.
std::string JoinHostPort(const std::string& host, int port);

absl::StatusOr<Socket> Listen(const std::string& host_and_port);
// ECONNREFUSED is reported as kUnavailable.
absl::StatusOr<Socket> Dial(const std::string& host_and_port);
absl::StatusOr<SocketAddress> LocalAddress(int fd);

// Whole-buffer transfers; false when the connection ended.
bool SendAll(int fd, const void* data, size_t size);
bool ReceiveAll(int fd, void* data, size_t size);

// First interface that is up and matches NCCL_SOCKET_IFNAME's grammar (prefixes; '=' exact; '^' not), numeric
// address.
absl::StatusOr<std::string> InterfaceAddress(const std::string& pattern);

}  // namespace rankle::virtual_nccl
