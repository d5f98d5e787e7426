// A TCP server of this machine: one thread a connection, each in the program's own `serve`.
//
// Lifetime: until the process ends. Never destroyed: threads still serve what clients have long given up, and
// that is what many cascades are made of. WaitForConnections tells when nothing is served any more.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SERVER_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "corpora/programs/cascades/runtime/socket.h"

namespace rankle::cascades {

// `serve` owns the connection; it returns when the connection has ended. Returns the port.
uint16_t StartServer(std::function<void(Socket connection)> serve);

// Listens on `port` of every interface (0: the kernel's choice, put into *port). Empty socket on failure.
Socket Listen(uint16_t* port);

// Until no server of this process has a connection, or `limit` is over. So that a healthy job ends with all
// counted.
bool WaitForConnections(std::chrono::milliseconds limit);

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SERVER_H_
