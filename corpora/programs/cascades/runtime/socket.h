// TCP and Unix sockets that carry messages of one fixed size, with deadlines.
//
// What makes a libc call is inlined into its caller (calls.h): call it from a CASCADE_SITE.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SOCKET_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SOCKET_H_

#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "corpora/programs/cascades/runtime/calls.h"

namespace rankle::cascades {

// Small enough that one send and one recv carry it whole.
struct Message {
  int32_t kind = 0;      // the program's own
  int32_t id = 0;        // of the request; its reply has the same
  int32_t rank = 0;      // of the sender
  int32_t value = 0;     // the program's own: slices of work, say
  int64_t deadline = 0;  // Now() after which nobody waits for the reply; 0: no such time
};

enum class Received {
  kMessage,
  kTimeout,  // EAGAIN: nothing came in time
  kReset,    // ECONNRESET: the peer threw the connection away
  kClosed,   // the peer closed it, or any other error
};

// Owns a descriptor; closes it.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { Close(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  // The peer finds the end of the connection, also where this end has not read all that was sent to it: an
  // error then would make every process that ends look like a fault to its peers, and theirs to others.
  void Close();
  // Closes this process's descriptor only: a forked process goes on with its own.
  void LeaveToChild();
  // Closes so that the peer's next call fails with ECONNRESET, also one that already waits.
  void Abort();

 private:
  int fd_;
};

Socket NewTcpSocket();  // without Nagle's delay: every message is one that somebody waits for
sockaddr_in LoopbackAddress(uint16_t port);
// Both ends of a Unix socket, each message sent by one write.
std::pair<Socket, Socket> SocketPair();
// 0: waits for ever.
void SetReceiveTimeout(const Socket& socket, int64_t nanoseconds);
Received WhyNothing(long received);

// `port` of this machine; an empty socket when nobody listens there.
CASCADE_CALL Socket ConnectTo(uint16_t port, const char* site = __builtin_FUNCTION()) {
  Socket socket = NewTcpSocket();
  const sockaddr_in address = LoopbackAddress(port);
  if (CallConnect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address, site) != 0) {
    socket.Close();
  }
  return socket;
}

CASCADE_CALL bool SendMessage(const Socket& socket, const Message& message,
                              const char* site = __builtin_FUNCTION()) {
  return CallSend(socket.fd(), &message, sizeof message, site) == static_cast<long>(sizeof message);
}

// Waits as long as the socket's receive timeout says.
CASCADE_CALL Received ReceiveMessage(const Socket& socket, Message* message,
                                     const char* site = __builtin_FUNCTION()) {
  const long got = CallReceive(socket.fd(), message, sizeof *message, site);
  return got == static_cast<long>(sizeof *message) ? Received::kMessage : WhyNothing(got);
}

// The reply to request `id`; replies to others, which nobody waits for any more, are dropped. A deadline that
// is over still allows a look at what is there.
CASCADE_CALL Received ReceiveReply(const Socket& socket, int id, int64_t deadline, Message* reply,
                                   const char* site = __builtin_FUNCTION()) {
  for (;;) {
    SetReceiveTimeout(socket, std::max(deadline - Now(), kMillisecond));
    const Received received = ReceiveMessage(socket, reply, site);
    if (received != Received::kMessage || reply->id == id) return received;
  }
}

// As above, without a deadline.
CASCADE_CALL Received ReceiveReply(const Socket& socket, int id, Message* reply,
                                   const char* site = __builtin_FUNCTION()) {
  SetReceiveTimeout(socket, 0);
  for (;;) {
    const Received received = ReceiveMessage(socket, reply, site);
    if (received != Received::kMessage || reply->id == id) return received;
  }
}

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SOCKET_H_
