#include "virtual_gpu/nccl/link.h"

#include <chrono>
#include <cstring>
#include <utility>

namespace rankle::virtual_nccl {
namespace {

constexpr std::chrono::milliseconds kEndless = std::chrono::hours(24 * 100);

}  // namespace

Link::Link(std::shared_ptr<Mesh> mesh, std::vector<int> members, int rank, uint64_t identity)
    : mesh_(std::move(mesh)), members_(std::move(members)), rank_(rank), identity_(identity) {}

void Link::PostSend(int peer, Lane lane, Bounce& bounce, size_t bytes) {
  ThrowIfAborted();
  try {
    bounce.pending = Bounce::Pending::kSend;
    bounce.wire->send(members_[peer], Slot(lane), 0, bytes);
  } catch (const std::exception&) {
    throw TransferStopped(TransferStopped::Why::kPeerLost);
  }
}

void Link::PostReceive(int peer, Lane lane, Bounce& bounce) {
  ThrowIfAborted();
  try {
    bounce.pending = Bounce::Pending::kReceive;
    bounce.wire->recv(members_[peer], Slot(lane), 0, kChunkBytes);
  } catch (const std::exception&) {
    throw TransferStopped(TransferStopped::Why::kPeerLost);
  }
}

void Link::Wait(Bounce& bounce) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ThrowIfAborted();
    waiting_.insert(&bounce);
  }
  bool completed = false;
  bool lost = false;
  try {
    // A wait may end early because of an abort meant for an earlier life of this buffer.
    while (!completed && !aborted_) {
      completed = bounce.pending == Bounce::Pending::kSend ? bounce.wire->waitSend(kEndless)
                                                           : bounce.wire->waitRecv(kEndless);
    }
  } catch (const std::exception&) {
    lost = true;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.erase(&bounce);
  }
  if (lost) throw TransferStopped(TransferStopped::Why::kPeerLost);
  if (!completed) throw TransferStopped(TransferStopped::Why::kAborted);
  bounce.pending = Bounce::Pending::kNone;
}

void Link::Abort() {
  const std::lock_guard<std::mutex> lock(mutex_);
  aborted_ = true;
  for (Bounce* bounce : waiting_) {
    if (bounce->pending == Bounce::Pending::kSend) {
      bounce->wire->abortWaitSend();
    } else {
      bounce->wire->abortWaitRecv();
    }
  }
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
