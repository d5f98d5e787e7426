// The rendezvous of one communicator: a key-value server on a TCP socket in the process that made the unique
// id, and the client every rank uses. A value is kept until the last client of
// its id disconnects. The server thread is detached and dies with the process; nothing outlives it.
#pragma once

#include <nccl.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "virtual_gpu/nccl/connections.h"

namespace rankle::virtual_nccl {

// The content of a ncclUniqueId.
struct RendezvousId {
  uint64_t key = 0;     // keeps communicators apart on one server
  std::string address;  // numeric "host:port", "[host]:port" for IPv6

  ncclUniqueId Pack() const;
  static absl::StatusOr<RendezvousId> Unpack(const ncclUniqueId& id);
};

// Address of this host that peers are told: RANKLE_VGPU_HOST_IP, else the first interface that
// NCCL_SOCKET_IFNAME allows, else loopback (all ranks on this host).
absl::StatusOr<std::string> AdvertisedHost();

// Starts (once a process) the server on AdvertisedHost() and returns a fresh id on it.
absl::StatusOr<RendezvousId> NewRendezvous();
// NCCL_COMM_ID: the id that names `address`; `serve` starts the server there (rank 0 does).
absl::StatusOr<RendezvousId> FixedRendezvous(const std::string& address, bool serve);

class StoreClient {
 public:
  // Retries while nobody listens yet, as NCCL does (34 times 100 ms).
  static absl::StatusOr<std::unique_ptr<StoreClient>> Connect(const RendezvousId& id,
                                                              const std::atomic<bool>& stop);
  ~StoreClient();
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;

  void Set(const std::string& key, const std::vector<char>& data);
  // Blocks until the key is set. Both throw when the server goes away or Interrupt() is called.
  std::vector<char> Get(const std::string& key);

  // The same as two functions, which must not outlive the client.
  KeyValueStore KeyValues();

  // Releases a blocked Get() from another thread.
  void Interrupt();
  // The address of this host on the way to the server: right for peers when nothing else is configured.
  std::string LocalHost() const;

 private:
  StoreClient(int socket, uint64_t key) : socket_(socket), key_(key) {}
  std::string Request(char operation, const std::string& key, const std::string& value);

  const int socket_;
  const uint64_t key_;
};

}  // namespace rankle::virtual_nccl
