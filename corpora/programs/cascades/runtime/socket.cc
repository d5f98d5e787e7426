#include "corpora/programs/cascades/runtime/socket.h"

#include <netinet/tcp.h>
#include <sys/time.h>

namespace rankle::cascades {

void Socket::Close() {
  if (fd_ < 0) return;
  ::shutdown(fd_, SHUT_WR);
  ::close(std::exchange(fd_, -1));
}

void Socket::LeaveToChild() { ::close(std::exchange(fd_, -1)); }

void Socket::Abort() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(fd_, -1));
}

Socket NewTcpSocket() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

sockaddr_in LoopbackAddress(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::pair<Socket, Socket> SocketPair() {
  int ends[2] = {-1, -1};
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  return {Socket(ends[0]), Socket(ends[1])};
}

void SetReceiveTimeout(const Socket& socket, int64_t nanoseconds) {
  const timespec limit = ToTimespec(nanoseconds);
  const timeval timeout{limit.tv_sec, limit.tv_nsec / 1000};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

Received WhyNothing(long received) {
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return Received::kTimeout;
  if (received < 0 && errno == ECONNRESET) return Received::kReset;
  return Received::kClosed;
}

}  // namespace rankle::cascades
