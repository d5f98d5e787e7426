#include "virtual_gpu/nccl/point_to_point.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace rankle::virtual_nccl {
namespace {

constexpr size_t kWindow = 8;  // chunks in flight per peer and direction

size_t Chunks(const Transfer& transfer) {
  return std::max<size_t>(1, (transfer.bytes + kChunkBytes - 1) / kChunkBytes);
}

// One transfer, chunk by chunk. Start() posts the first window, Complete() keeps it full until the end.
class Progress {
 public:
  Progress(Link& link, const Transfer& transfer)
      : transfer_(transfer), transport_{link, transfer.observer}, chunks_(Chunks(transfer)) {
    const int channel = (link.rank() + transfer.peer) & 1;  // the same at both ends
    if (transfer.is_send) {
      send_ = std::make_unique<SendFlow>(transport_, transfer.peer, Lane::kPointToPoint, channel, chunks_);
    } else {
      receive_ =
          std::make_unique<ReceiveFlow>(transport_, transfer.peer, Lane::kPointToPoint, channel, chunks_);
    }
  }

  void Start() {
    while (posted_ < std::min(chunks_, kWindow)) PostNext();
  }

  void Complete() {
    if (send_ != nullptr) {
      while (posted_ < chunks_) PostNext();
      send_->Drain();
      return;
    }
    for (size_t i = 0; i < chunks_; ++i) {
      const Parcel parcel = receive_->Take();
      if (posted_ < chunks_) PostNext();
      if (Length(i) > 0) std::memcpy(transfer_.buffer + i * kChunkBytes, parcel->data(), Length(i));
    }
  }

 private:
  size_t Length(size_t chunk) const { return std::min(kChunkBytes, transfer_.bytes - chunk * kChunkBytes); }

  void PostNext() {
    const size_t length = Length(posted_);
    if (receive_ != nullptr) {
      receive_->Post(length);
    } else {
      Parcel parcel = transport_.link.Acquire();
      if (length > 0) std::memcpy(parcel->data(), transfer_.buffer + posted_ * kChunkBytes, length);
      send_->Push(std::move(parcel), length, kWindow);
    }
    ++posted_;
  }

  const Transfer& transfer_;
  Transport transport_;
  const size_t chunks_;
  size_t posted_ = 0;
  std::unique_ptr<SendFlow> send_;
  std::unique_ptr<ReceiveFlow> receive_;
};

// The transfers between this rank and one peer in one direction, in order.
using Queue = std::vector<const Transfer*>;

void RunQueue(Link& link, const Queue& queue) {
  for (const Transfer* transfer : queue) {
    Progress progress(link, *transfer);
    progress.Start();
    progress.Complete();
  }
}

// Everything fits into the windows: all is posted before the first wait, so the order of waiting does not
// matter.
void RunPosted(Link& link, const std::vector<Queue>& queues) {
  std::vector<std::unique_ptr<Progress>> started;
  for (const Queue& queue : queues) {
    for (const Transfer* transfer : queue) {
      started.push_back(std::make_unique<Progress>(link, *transfer));
      started.back()->Start();
    }
  }
  for (auto& progress : started) progress->Complete();
}

// Large messages: a thread per queue, because each must keep its window full whatever the others wait for.
void RunThreaded(Link& link, const std::vector<Queue>& queues) {
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&](const Queue& queue) {
    try {
      RunQueue(link, queue);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (failure == nullptr) failure = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < queues.size(); ++i) helpers.emplace_back(run, std::cref(queues[i]));
  run(queues.front());
  for (std::thread& helper : helpers) helper.join();
  if (failure != nullptr) std::rethrow_exception(failure);
}

// A rank's messages to itself are copies; the caller has made sure that sends and receives pair up.
void CopyToSelf(const Queue& sends, const Queue& receives) {
  for (size_t i = 0; i < std::min(sends.size(), receives.size()); ++i) {
    const size_t bytes = std::min(sends[i]->bytes, receives[i]->bytes);
    if (bytes > 0) std::memmove(receives[i]->buffer, sends[i]->buffer, bytes);
  }
}

}  // namespace

void RunTransfers(Link& link, const std::vector<Transfer>& transfers) {
  std::map<std::pair<int, bool>, Queue> by_peer;
  for (const Transfer& transfer : transfers) by_peer[{transfer.peer, transfer.is_send}].push_back(&transfer);
  CopyToSelf(by_peer[{link.rank(), true}], by_peer[{link.rank(), false}]);
  by_peer.erase({link.rank(), true});
  by_peer.erase({link.rank(), false});
  if (by_peer.empty()) return;

  std::vector<Queue> queues;
  bool all_fit = true;
  for (auto& [key, queue] : by_peer) {
    all_fit = all_fit && std::all_of(queue.begin(), queue.end(),
                                     [](const Transfer* transfer) { return Chunks(*transfer) <= kWindow; });
    queues.push_back(std::move(queue));
  }
  if (all_fit || queues.size() == 1) {
    all_fit ? RunPosted(link, queues) : RunQueue(link, queues.front());
  } else {
    RunThreaded(link, queues);
  }
}

}  // namespace rankle::virtual_nccl
