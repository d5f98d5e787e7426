#include "virtual_gpu/nccl/flow.h"

#include <algorithm>
#include <utility>

namespace rankle::virtual_nccl {

Flow::Flow(Transport& transport, int peer, Lane lane, int channel, bool is_send, size_t steps)
    : transport_(transport),
      peer_(peer),
      lane_(lane),
      channel_(channel),
      steps_(static_cast<int>(steps)),
      is_send_(is_send),
      is_watched_(is_send && transport.observer != nullptr && transport.link.IsModelled(lane)) {}

// A flow that was stopped half-way leaves its events open: that is what a hang looks like to a profiler.
Flow::~Flow() {
  if (is_watched_) {
    for (InFlight& message : in_flight_) transport_.link.Forget(peer_, lane_, *message.parcel);
  }
  if (next_step_ > 0 && in_flight_.empty()) transport_.observer->StopFlow(event_);
}

void Flow::Begin(Parcel parcel, size_t bytes) {
  InFlight& message = in_flight_.emplace_back(InFlight{std::move(parcel), nullptr, bytes});
  if (transport_.observer != nullptr) {
    if (next_step_ == 0) {
      event_ = transport_.observer->StartFlow(channel_, peer_, is_send_, steps_, kChunkBytes);
    }
    message.event = transport_.observer->StartStep(event_, is_send_, next_step_++, bytes);
  }
  if (is_watched_) {
    TransferObserver& observer = *transport_.observer;
    void* const event = message.event;
    transport_.link.PostSend(peer_, lane_, *message.parcel, std::max<size_t>(bytes, 1),
                             {[&observer, event, bytes] { observer.MoveStep(event, bytes); },
                              [&observer, event, bytes] { observer.StopStep(event, true, bytes); }});
  } else if (is_send_) {
    // Gloo carries no empty messages; a send of zero elements still has to meet its receive.
    transport_.link.PostSend(peer_, lane_, *message.parcel, std::max<size_t>(bytes, 1));
  } else {
    transport_.link.PostReceive(peer_, lane_, *message.parcel);
  }
}

Parcel Flow::Finish() {
  InFlight& message = in_flight_.front();
  transport_.link.Wait(*message.parcel);
  if (transport_.observer != nullptr && !is_watched_)
    transport_.observer->StopStep(message.event, is_send_, message.bytes);
  Parcel parcel = std::move(message.parcel);
  in_flight_.pop_front();
  return parcel;
}

void SendFlow::Push(Parcel parcel, size_t bytes, size_t window) {
  if (in_flight_.size() >= window) Finish();
  Begin(std::move(parcel), bytes);
}

void SendFlow::Drain() {
  while (!in_flight_.empty()) Finish();
}

}  // namespace rankle::virtual_nccl
