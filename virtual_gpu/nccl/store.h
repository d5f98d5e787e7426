// The rendezvous of one communicator: a key-value server on a TCP socket in the process that made the unique
// id, and the client every rank uses (a gloo::rendezvous::Store). A value is kept until the last client of
// its id disconnects. The server thread is detached and dies with the process; nothing outlives it.
#pragma once

#include <gloo/rendezvous/store.h>
#include <nccl.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

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

class StoreClient : public gloo::rendezvous::Store {
 public:
  // Retries while nobody listens yet, as NCCL does (34 times 100 ms).
  static absl::StatusOr<std::unique_ptr<StoreClient>> Connect(const RendezvousId& id,
                                                              const std::atomic<bool>& stop);
  ~StoreClient() override;

  void set(const std::string& key, const std::vector<char>& data) override;
  // Blocks until the key is set. Throws when the server goes away or Interrupt() is called.
  std::vector<char> get(const std::string& key) override;
  void wait(const std::vector<std::string>& keys) override;
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) override;

  // Releases a blocked get() from another thread.
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
