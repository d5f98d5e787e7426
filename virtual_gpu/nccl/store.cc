#include "virtual_gpu/nccl/store.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"
#include "virtual_gpu/nccl/socket.h"

namespace rankle::virtual_nccl {
namespace {

constexpr char kSet = 'S';
constexpr char kGet = 'G';
constexpr uint32_t kMaxFrame = 64u << 20;  // larger than any address list; guards against a stranger's bytes

// A request is this header, the key, the value; the answer to a get is a length and the value, to a set a
// length of 0.
struct RequestHeader {
  uint64_t id;
  uint32_t key_size;
  uint32_t value_size;
  char operation;
  char padding[7];
};

// One thread serves all connections with poll(); values and waiting gets are kept by communicator.
class StoreServer {
 public:
  explicit StoreServer(Socket listener) : listener_(std::move(listener)) {}

  void Run() {
    for (;;) {
      std::vector<pollfd> watched = {{listener_.get(), POLLIN, 0}};
      for (const auto& [fd, connection] : connections_) watched.push_back({fd, POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[0].revents != 0) Accept();
      for (size_t i = 1; i < watched.size(); ++i) {
        if (watched[i].revents != 0 && !Read(watched[i].fd)) Drop(watched[i].fd);
      }
    }
  }

 private:
  struct Connection {
    Socket socket;
    std::string input;
    bool has_id = false;
    uint64_t id = 0;
  };
  struct Rendezvous {
    std::map<std::string, std::string> values;
    std::multimap<std::string, int> waiting;
    int clients = 0;
  };

  void Accept() {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections_[fd].socket = Socket(fd);
  }

  bool Read(int fd) {
    Connection& connection = connections_[fd];
    char bytes[65536];
    const ssize_t received = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (received < 0) return errno == EAGAIN || errno == EINTR;
    if (received == 0) return false;
    connection.input.append(bytes, static_cast<size_t>(received));
    RequestHeader header;
    while (connection.input.size() >= sizeof header) {
      std::memcpy(&header, connection.input.data(), sizeof header);
      if (header.key_size > kMaxFrame || header.value_size > kMaxFrame) return false;
      const size_t frame = sizeof header + header.key_size + header.value_size;
      if (connection.input.size() < frame) return true;
      const std::string key = connection.input.substr(sizeof header, header.key_size);
      std::string value = connection.input.substr(sizeof header + header.key_size, header.value_size);
      connection.input.erase(0, frame);
      Handle(fd, connection, header, key, std::move(value));
    }
    return true;
  }

  void Handle(int fd, Connection& connection, const RequestHeader& header, const std::string& key,
              std::string value) {
    Rendezvous& rendezvous = rendezvous_[header.id];
    if (!connection.has_id) {
      connection.has_id = true;
      connection.id = header.id;
      ++rendezvous.clients;
    }
    if (header.operation == kSet) {
      std::string& stored = rendezvous.values[key];
      stored = std::move(value);
      Answer(fd, "");
      const auto [first, last] = rendezvous.waiting.equal_range(key);
      for (auto it = first; it != last; ++it) Answer(it->second, stored);
      rendezvous.waiting.erase(first, last);
      return;
    }
    const auto found = rendezvous.values.find(key);
    if (found != rendezvous.values.end()) {
      Answer(fd, found->second);
    } else {
      rendezvous.waiting.emplace(key, fd);
    }
  }

  static void Answer(int fd, const std::string& value) {
    const uint32_t size = static_cast<uint32_t>(value.size());
    std::string frame(reinterpret_cast<const char*>(&size), sizeof size);
    frame += value;
    SendAll(fd, frame.data(), frame.size());  // a client that went away is dropped at its next poll
  }

  void Drop(int fd) {
    const auto connection = connections_.find(fd);
    if (connection->second.has_id) {
      const auto rendezvous = rendezvous_.find(connection->second.id);
      std::erase_if(rendezvous->second.waiting, [fd](const auto& entry) { return entry.second == fd; });
      if (--rendezvous->second.clients == 0) rendezvous_.erase(rendezvous);
    }
    connections_.erase(connection);
  }

  Socket listener_;
  std::map<int, Connection> connections_;
  std::map<uint64_t, Rendezvous> rendezvous_;
};

absl::StatusOr<std::string> StartServer(const std::string& address) {
  auto listener = Listen(address);
  if (!listener.ok()) return listener.status();
  auto bound = LocalAddress(listener->get());
  if (!bound.ok()) return bound.status();
  std::thread([server = new StoreServer(*std::move(listener))] { server->Run(); }).detach();
  return bound->HostAndPort();
}

uint64_t RandomKey() {
  uint64_t key = 0;
  if (getrandom(&key, sizeof key, 0) != sizeof key) {
    key = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
          (static_cast<uint64_t>(getpid()) << 32);
  }
  return key | 1;  // 0 is the key of NCCL_COMM_ID
}

}  // namespace

ncclUniqueId RendezvousId::Pack() const {
  ncclUniqueId id{};
  std::memcpy(id.internal, &key, sizeof key);
  std::memcpy(id.internal + sizeof key, address.c_str(),
              std::min(address.size(), sizeof id - sizeof key - 1));
  return id;
}

absl::StatusOr<RendezvousId> RendezvousId::Unpack(const ncclUniqueId& id) {
  RendezvousId unpacked;
  std::memcpy(&unpacked.key, id.internal, sizeof unpacked.key);
  const char* text = id.internal + sizeof unpacked.key;
  unpacked.address.assign(text, strnlen(text, sizeof id - sizeof unpacked.key));
  if (unpacked.address.empty() || unpacked.address.find(':') == std::string::npos) {
    return absl::InvalidArgumentError(
        "ncclUniqueId: was not made by this library; broadcast the bytes of ncclGetUniqueId from one rank to "
        "all");
  }
  return unpacked;
}

absl::StatusOr<std::string> AdvertisedHost() {
  if (const char* host = std::getenv("RANKLE_VGPU_HOST_IP"); host != nullptr && *host != '\0') return host;
  if (const char* pattern = std::getenv("NCCL_SOCKET_IFNAME"); pattern != nullptr && *pattern != '\0') {
    return InterfaceAddress(pattern);
  }
  return std::string("127.0.0.1");
}

absl::StatusOr<RendezvousId> NewRendezvous() {
  // After fork the server thread is gone: a child starts its own.
  static std::mutex* mutex = new std::mutex;
  static pid_t owner = 0;
  static std::string* address = new std::string;
  const std::lock_guard<std::mutex> lock(*mutex);
  if (owner != getpid()) {
    auto host = AdvertisedHost();
    if (!host.ok()) return host.status();
    auto started = StartServer(JoinHostPort(*host, 0));
    if (!started.ok()) return started.status();
    *address = *started;
    owner = getpid();
  }
  return RendezvousId{RandomKey(), *address};
}

absl::StatusOr<RendezvousId> FixedRendezvous(const std::string& address, bool serve) {
  if (serve) {
    auto started = StartServer(address);
    if (!started.ok()) return started.status();
  }
  return RendezvousId{0, address};
}

absl::StatusOr<std::unique_ptr<StoreClient>> StoreClient::Connect(const RendezvousId& id,
                                                                  const std::atomic<bool>& stop) {
  constexpr int kAttempts = 34;
  constexpr std::chrono::milliseconds kPause(100);
  absl::StatusOr<Socket> socket = absl::UnavailableError("");
  for (int attempt = 0; attempt < kAttempts && !stop; ++attempt) {
    socket = Dial(id.address);
    if (socket.ok()) return std::unique_ptr<StoreClient>(new StoreClient(socket->release(), id.key));
    if (!absl::IsUnavailable(socket.status())) return socket.status();
    std::this_thread::sleep_for(kPause);  // nothing signals that a remote process begins to listen
  }
  return stop ? absl::CancelledError("virtual NCCL: aborted while connecting") : socket.status();
}

StoreClient::~StoreClient() { ::close(socket_); }

void StoreClient::Interrupt() { ::shutdown(socket_, SHUT_RDWR); }

std::string StoreClient::LocalHost() const {
  const auto address = LocalAddress(socket_);
  return address.ok() ? address->Host() : "127.0.0.1";
}

std::string StoreClient::Request(char operation, const std::string& key, const std::string& value) {
  RequestHeader header{};
  header.id = key_;
  header.key_size = static_cast<uint32_t>(key.size());
  header.value_size = static_cast<uint32_t>(value.size());
  header.operation = operation;
  std::string frame(reinterpret_cast<const char*>(&header), sizeof header);
  frame += key;
  frame += value;
  uint32_t size = 0;
  if (!SendAll(socket_, frame.data(), frame.size()) || !ReceiveAll(socket_, &size, sizeof size) ||
      size > kMaxFrame) {
    throw std::runtime_error("virtual NCCL: the process that made the unique id went away during rendezvous");
  }
  std::string answer(size, '\0');
  if (!ReceiveAll(socket_, answer.data(), size)) {
    throw std::runtime_error("virtual NCCL: the process that made the unique id went away during rendezvous");
  }
  return answer;
}

KeyValueStore StoreClient::KeyValues() {
  return {[this](const auto& key, const auto& value) { Set(key, value); },
          [this](const auto& key) { return Get(key); }};
}

void StoreClient::Set(const std::string& key, const std::vector<char>& data) {
  Request(kSet, key, std::string(data.begin(), data.end()));
}

std::vector<char> StoreClient::Get(const std::string& key) {
  const std::string value = Request(kGet, key, "");
  return std::vector<char>(value.begin(), value.end());
}

}  // namespace rankle::virtual_nccl
