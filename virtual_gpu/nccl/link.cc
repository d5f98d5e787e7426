#include "virtual_gpu/nccl/link.h"

#include <cstring>
#include <utility>

namespace rankle::virtual_nccl {
namespace {

bool WaitOnWire(Bounce& bounce) {
  return bounce.pending == Bounce::Pending::kSend ? bounce.wire->waitSend(kEndless)
                                                  : bounce.wire->waitRecv(kEndless);
}

void WakeOnWire(Bounce& bounce) {
  if (bounce.pending == Bounce::Pending::kSend) {
    bounce.wire->abortWaitSend();
  } else {
    bounce.wire->abortWaitRecv();
  }
}

}  // namespace

Link::Link(std::shared_ptr<Mesh> mesh, std::vector<int> members, int rank, uint64_t identity)
    : mesh_(std::move(mesh)), members_(std::move(members)), rank_(rank), identity_(identity) {
  Watch();
}

Link::~Link() {
  Unwatch();
  couriers_.clear();
}

Courier& Link::CourierTo(int peer, Lane lane) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ThrowIfStopped();
  std::unique_ptr<Courier>& courier = couriers_[{peer, lane}];
  if (courier == nullptr) {
    courier = std::make_unique<Courier>(*mesh_, members_[peer], Slot(lane), CreditSlot(lane),
                                        mesh_->PaceTo(members_[peer]), [this] { Lose(); });
  }
  return *courier;
}

void Link::Lose() {
  const std::lock_guard<std::mutex> lock(mutex_);
  lost_ = true;
  WakeWaiting();
}

void Link::Forget(int peer, Lane lane, Bounce& bounce) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto courier = couriers_.find({peer, lane});
  if (courier != couriers_.end()) courier->second->Forget(bounce);
}

void Link::Post(Bounce& bounce, Bounce::Pending pending) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ThrowIfStopped();
  bounce.pending = pending;
  posted_.insert(&bounce);
}

void Link::PostSend(int peer, Lane lane, Bounce& bounce, size_t bytes, SendWatch watch) {
  if (IsModelled(lane)) {
    Courier& courier = CourierTo(peer, lane);
    bounce.courier = &courier;
    courier.Post(bounce, bytes, std::move(watch));
    return;
  }
  Post(bounce, Bounce::Pending::kSend);
  try {
    bounce.wire->send(members_[peer], Slot(lane), 0, bytes);
  } catch (const std::exception&) {
    throw TransferStopped(TransferStopped::Why::kPeerLost);
  }
}

void Link::PostReceive(int peer, Lane lane, Bounce& bounce) {
  Post(bounce, Bounce::Pending::kReceive);
  try {
    bounce.wire->recv(members_[peer], Slot(lane), 0, kChunkBytes);
    if (IsModelled(lane)) {
      bounce.credit->send(members_[peer], CreditSlot(lane), 0, 1);
      bounce.credit_sent = true;
    }
  } catch (const std::exception&) {
    throw TransferStopped(TransferStopped::Why::kPeerLost);
  }
}

void Link::Wait(Bounce& bounce) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ThrowIfStopped();
    waiting_.insert(&bounce);
  }
  bool completed = false;
  if (bounce.courier != nullptr) {
    bounce.courier->Wait(bounce);
    completed = bounce.pending == Bounce::Pending::kNone;
    bounce.courier = nullptr;
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.erase(&bounce);
    if (!completed) ThrowIfStopped();
    return;
  }
  try {
    // A wait may end early because of a wake-up meant for an earlier life of this buffer.
    while (!completed && !aborted_ && !lost_) completed = WaitOnWire(bounce);
    if (completed && bounce.credit_sent) {
      while (!bounce.credit->waitSend(kEndless)) {
      }
      bounce.credit_sent = false;
    }
  } catch (const std::exception&) {
    lost_ = true;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.erase(&bounce);
  if (!completed) ThrowIfStopped();
  posted_.erase(&bounce);
  bounce.pending = Bounce::Pending::kNone;
}

void Link::WakeWaiting() {
  for (Bounce* bounce : waiting_) WakeOnWire(*bounce);
  for (auto& [lane, courier] : couriers_) courier->Stop();
}

void Link::Abort() {
  const std::lock_guard<std::mutex> lock(mutex_);
  aborted_ = true;
  WakeWaiting();
}

// A wait that is woken before it begins returns at once: false while the operation is pending or done, an
// exception when its connection is gone. So the buffers that nobody waits for can be asked without blocking.
void Link::LookForLoss() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.empty() || aborted_ || lost_) return;
  for (Bounce* bounce : posted_) {
    if (waiting_.count(bounce) > 0) continue;
    try {
      WakeOnWire(*bounce);
      WaitOnWire(*bounce);
    } catch (const std::exception&) {
      lost_ = true;
    }
  }
  if (lost_) WakeWaiting();
}

std::vector<std::vector<char>> ExchangeAll(Link& link, const void* mine, size_t size) {
  const int n = link.size();
  Parcel all = link.Acquire();
  std::memcpy(all->data() + link.rank() * size, mine, size);
  if (link.rank() == 0) {
    std::vector<Parcel> parts;
    for (int peer = 1; peer < n; ++peer) {
      parts.push_back(link.Acquire());
      link.PostReceive(peer, Lane::kControl, *parts.back());
    }
    for (int peer = 1; peer < n; ++peer) {
      link.Wait(*parts[peer - 1]);
      std::memcpy(all->data() + peer * size, parts[peer - 1]->data(), size);
    }
    for (int peer = 1; peer < n; ++peer) {
      std::memcpy(parts[peer - 1]->data(), all->data(), n * size);
      link.PostSend(peer, Lane::kControl, *parts[peer - 1], n * size);
    }
    for (Parcel& part : parts) link.Wait(*part);
  } else {
    Parcel own = link.Acquire();
    std::memcpy(own->data(), mine, size);
    link.PostReceive(0, Lane::kControl, *all);
    link.PostSend(0, Lane::kControl, *own, size);
    link.Wait(*own);
    link.Wait(*all);
  }
  std::vector<std::vector<char>> values;
  for (int peer = 0; peer < n; ++peer) {
    values.emplace_back(all->data() + peer * size, all->data() + (peer + 1) * size);
  }
  return values;
}

}  // namespace rankle::virtual_nccl
