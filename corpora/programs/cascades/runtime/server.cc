#include "corpora/programs/cascades/runtime/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "corpora/programs/cascades/runtime/job.h"

namespace rankle::cascades {

// Of every server: which one it is, only the port tells.
CASCADE_SITE Socket AcceptConnection(const Socket& listener) { return Socket(CallAccept(listener.fd())); }

namespace {

// Connections of all servers of this process. Leaked: detached threads use it until the very end.
struct Open {
  std::mutex mutex;
  std::condition_variable changed;
  int connections = 0;

  void Add(int by) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      connections += by;
    }
    changed.notify_all();
  }
};

Open& AllOpen() {
  static Open& open = *new Open;
  return open;
}

void ServeConnections(const Socket& listener, const std::function<void(Socket)>& serve) {
  for (;;) {
    Socket connection = AcceptConnection(listener);
    if (!connection) continue;  // one that was gone again
    AllOpen().Add(1);
    std::thread([&serve, connection = std::move(connection)]() mutable {
      try {
        serve(std::move(connection));
      } catch (const JobFailure&) {
        // The connection is closed; the client tells.
      }
      AllOpen().Add(-1);
    }).detach();
  }
}

}  // namespace

Socket Listen(uint16_t* port) {
  Socket listener = NewTcpSocket();
  const int on = 1;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = LoopbackAddress(*port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t length = sizeof address;
  // The queue holds more connections than a cascade of the corpus opens: none is refused by the kernel.
  if (::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener.fd(), 128) != 0 ||
      ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return Socket();
  }
  *port = ntohs(address.sin_port);
  return listener;
}

uint16_t StartServer(std::function<void(Socket)> serve) {
  uint16_t port = 0;
  Socket listener = Listen(&port);
  std::thread([listener = std::move(listener), serve = std::move(serve)] {
    ServeConnections(listener, serve);
  }).detach();
  return port;
}

bool WaitForConnections(std::chrono::milliseconds limit) {
  Open& open = AllOpen();
  std::unique_lock<std::mutex> lock(open.mutex);
  return open.changed.wait_for(lock, limit, [&] { return open.connections == 0; });
}

}  // namespace rankle::cascades
