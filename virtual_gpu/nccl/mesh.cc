#include "virtual_gpu/nccl/mesh.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "virtual_gpu/nccl/sigpipe.h"

namespace rankle::virtual_nccl {
namespace {

constexpr uint64_t kGoodbyeSlot = 0x676f6f64627965ull;

// A process that ends in the middle of a farewell would reset connections whose last bytes a slower peer has
// yet to read. So exit waits for them, but not long: a peer that hangs never answers.
class Farewells {
 public:
  static Farewells& OfProcess() {
    static auto* farewells = new Farewells;  // outlives every exit handler
    return *farewells;
  }
  void Begin() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++open_;
    if (!std::exchange(waits_at_exit_, true)) std::atexit([] { OfProcess().Wait(); });
  }
  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--open_ == 0) none_open_.notify_all();
  }

 private:
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    none_open_.wait_for(lock, std::chrono::seconds(1), [this] { return open_ == 0; });
  }

  std::mutex mutex_;
  std::condition_variable none_open_;
  int open_ = 0;
  bool waits_at_exit_ = false;
};

std::string LocalHostFor(const StoreClient& store) {
  const char* fixed = std::getenv("RANKLE_VGPU_HOST_IP");
  const char* pattern = std::getenv("NCCL_SOCKET_IFNAME");
  if ((fixed != nullptr && *fixed != '\0') || (pattern != nullptr && *pattern != '\0')) {
    const auto host = AdvertisedHost();
    if (host.ok()) return *host;
  }
  return store.LocalHost();
}

std::unique_ptr<Bounce> NewBounce(Connections* connections, bool with_credit = false) {
  auto bounce = std::make_unique<Bounce>();
  void* memory = std::aligned_alloc(64, kChunkBytes);
  if (memory == nullptr) throw std::bad_alloc();
  bounce->memory = {static_cast<char*>(memory), std::free};
  if (connections != nullptr) bounce->wire = connections->NewBuffer(memory, kChunkBytes);
  if (with_credit) bounce->credit = connections->NewBuffer(&bounce->credit_byte, 1);
  return bounce;
}

}  // namespace

struct Mesh::Wires {
  std::unique_ptr<Connections> connections;  // null when size is 1
  std::vector<std::unique_ptr<Bounce>> idle;
  std::vector<std::unique_ptr<Bounce>> stranded;  // an operation is pending for ever
};

uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

Mesh::Mesh(int rank, int size) : rank_(rank), size_(size), wires_(std::make_unique<Wires>()) {}

absl::StatusOr<std::shared_ptr<Mesh>> Mesh::Connect(int rank, int size, StoreClient* store) {
  std::shared_ptr<Mesh> mesh(new Mesh(rank, size));
  if (size == 1) return mesh;
  const auto model = LinkModelFromEnvironment();
  if (!model.ok()) return model.status();
  for (int peer = 0; peer < size && *model != nullptr; ++peer)
    mesh->paces_.push_back(std::make_shared<Pace>((*model)->Of(rank, peer)));
  const auto connect = GlooConnect();
  if (!connect.ok()) return connect.status();
  try {
    mesh->wires_->connections = (*connect)(rank, size, LocalHostFor(*store), store->KeyValues());
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("virtual NCCL: rank ", rank, " of ", size,
                                               " cannot connect to the other ranks: ", error.what()));
  }
  return mesh;
}

Mesh::~Mesh() {
  if (wires_->connections == nullptr) return;
  if (abrupt_) {
    wires_->connections->Close();
    return;
  }
  Farewells::OfProcess().Begin();
  std::thread([rank = rank_, size = size_, wires = std::move(wires_)]() mutable {
    Retire(rank, size, std::move(wires));
    Farewells::OfProcess().End();
  }).detach();
}

// A connection that Gloo closes is reset at once: bytes the peer has not read yet would be lost. So both
// sides tell each other that they are through, and close then. A peer that ended or aborted shows as an error
// and is done too.
void Mesh::Retire(int rank, int size, std::unique_ptr<Wires> wires) {
  const SigpipeScope no_sigpipe;
  Connections& connections = *wires->connections;
  std::vector<std::unique_ptr<Bounce>> farewells;
  const auto post = [&](int peer, auto operation) {
    auto bounce = NewBounce(&connections);
    try {
      operation(*bounce->wire, peer);
      farewells.push_back(std::move(bounce));
    } catch (const std::exception&) {
      wires->stranded.push_back(std::move(bounce));
    }
  };
  const auto wait_all = [&](auto wait) {
    for (auto& bounce : farewells) {
      try {
        wait(*bounce->wire);
      } catch (const std::exception&) {
      }
      wires->stranded.push_back(std::move(bounce));
    }
    farewells.clear();
  };
  for (int peer = 0; peer < size; ++peer) {
    if (peer != rank) post(peer, [](auto& wire, int to) { wire.send(to, kGoodbyeSlot, 0, 1); });
  }
  auto sends = std::move(farewells);
  farewells.clear();
  for (int peer = 0; peer < size; ++peer) {
    if (peer != rank) post(peer, [](auto& wire, int from) { wire.recv(from, kGoodbyeSlot, 0, kChunkBytes); });
  }
  wait_all([](auto& wire) { wire.waitRecv(kEndless); });
  farewells = std::move(sends);
  wait_all([](auto& wire) { wire.waitSend(kEndless); });
  connections.Close();
}

Parcel Mesh::Acquire() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unique_ptr<Bounce> bounce;
  if (wires_->idle.empty()) {
    bounce = NewBounce(wires_->connections.get(), modelled());
  } else {
    bounce = std::move(wires_->idle.back());
    wires_->idle.pop_back();
  }
  return Parcel(bounce.release(), Return{this});
}

void Mesh::Recycle(Bounce* bounce) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& list = bounce->pending == Bounce::Pending::kNone ? wires_->idle : wires_->stranded;
  list.emplace_back(bounce);
}

}  // namespace rankle::virtual_nccl
