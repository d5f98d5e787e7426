// One direction of traffic to one peer within one operation: several messages in flight, in order. A flow is
// what a profiler sees as a proxy operation, each message as a proxy step. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <deque>

#include "virtual_gpu/nccl/link.h"

namespace rankle::virtual_nccl {

// Where flows report to; handles are the observer's own and may be null.
class TransferObserver {
 public:
  virtual ~TransferObserver() = default;
  virtual void* StartFlow(int channel, int peer, bool is_send, int steps, size_t chunk_bytes) = 0;
  virtual void StopFlow(void* flow) = 0;
  virtual void* StartStep(void* flow, bool is_send, int step, size_t bytes) = 0;
  // The data of a send is on its way now. Only where that can be told (modelled links), and there StopStep of
  // a send comes at the moment in which it was through; both from another thread. Else StopStep comes when
  // the flow got round to look.
  virtual void MoveStep(void* step, size_t bytes) = 0;
  virtual void StopStep(void* step, bool is_send, size_t bytes) = 0;
};

// What every algorithm needs: the wires and who watches.
struct Transport {
  Link& link;
  TransferObserver* observer = nullptr;
};

class Flow {
 protected:
  Flow(Transport& transport, int peer, Lane lane, int channel, bool is_send, size_t steps);
  ~Flow();
  struct InFlight {
    Parcel parcel;
    void* event = nullptr;
    size_t bytes = 0;
  };
  void Begin(Parcel parcel, size_t bytes);
  // The oldest message, when it is through.
  Parcel Finish();

  Transport& transport_;
  const int peer_;
  const Lane lane_;
  const int channel_;
  const int steps_;
  const bool is_send_;
  const bool is_watched_;  // the link tells when a send moves and ends
  void* event_ = nullptr;
  int next_step_ = 0;
  std::deque<InFlight> in_flight_;
};

class SendFlow : public Flow {
 public:
  SendFlow(Transport& transport, int peer, Lane lane, int channel, size_t steps)
      : Flow(transport, peer, lane, channel, true, steps) {}
  // Starts to send; waits for the oldest message first when `window` are in flight.
  void Push(Parcel parcel, size_t bytes, size_t window = kWindow);
  // Until everything pushed has left.
  void Drain();

  static constexpr size_t kWindow = 8;
};

class ReceiveFlow : public Flow {
 public:
  ReceiveFlow(Transport& transport, int peer, Lane lane, int channel, size_t steps)
      : Flow(transport, peer, lane, channel, false, steps) {}
  // Makes room for one more message. `bytes` is what is expected, for the observer only.
  void Post(size_t bytes) { Begin(transport_.link.Acquire(), bytes); }
  // The oldest message posted for, when it has come.
  Parcel Take() { return Finish(); }
  size_t posted() const { return in_flight_.size(); }
};

}  // namespace rankle::virtual_nccl
