#include "virtual_gpu/nccl/ring.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace rankle::virtual_nccl {
namespace {

constexpr size_t kInterleaved = 2;  // slices in flight: one is reduced while others are on the wire
constexpr size_t kChannels = 2;
constexpr std::array<Lane, kChannels> kLanes = {Lane::kRing0, Lane::kRing1};

// The two channels of one direction.
template <typename FlowType>
struct Channels {
  Channels(Transport& transport, int peer, size_t steps)
      : flows{FlowType(transport, peer, kLanes[0], 0, steps),
              FlowType(transport, peer, kLanes[1], 1, steps)} {}
  FlowType& operator[](size_t slice) { return flows[slice % kChannels]; }
  std::array<FlowType, kChannels> flows;
};

class Ring {
 public:
  Ring(Transport& transport, const Reduction& reduction, const RingPlan& plan, const char* input,
       char* output)
      : transport_(transport),
        reduction_(reduction),
        plan_(plan),
        input_(input),
        output_(output),
        size_(transport.link.size()),
        receives_(transport, (transport.link.rank() + size_ - 1) % size_, Steps()),
        sends_(transport, (transport.link.rank() + 1) % size_, Steps()) {}

  void Run() {
    for (size_t first = 0; first < plan_.slices; first += kInterleaved) {
      RunSlices(first, std::min(plan_.slices, first + kInterleaved));
    }
    for (SendFlow& flow : sends_.flows) flow.Drain();
  }

 private:
  size_t Steps() const { return (plan_.slices * plan_.steps + kChannels - 1) / kChannels; }
  ChunkPlace Received(size_t slice, int step) const {
    return plan_.locate(slice, (((plan_.first_block - step - 1) % size_) + size_) % size_);
  }
  size_t Bytes(const ChunkPlace& place) const { return place.count * reduction_.element_size(); }

  // Step by step, and slice by slice within a step: both ends of a lane see the messages in this order.
  void RunSlices(size_t begin, size_t end) {
    for (size_t slice = begin; slice < end; ++slice) Post(slice, 0);
    for (size_t slice = begin; slice < end; ++slice) SendOwn(slice);
    for (int step = 0; step < plan_.steps; ++step) {
      for (size_t slice = begin; slice < end; ++slice) Advance(slice, step);
    }
  }

  void Post(size_t slice, int step) {
    const ChunkPlace place = Received(slice, step);
    if (place.count > 0) receives_[slice].Post(Bytes(place));
  }

  void SendOwn(size_t slice) {
    const ChunkPlace place = plan_.locate(slice, plan_.first_block);
    if (place.count == 0) return;
    Parcel parcel = transport_.link.Acquire();
    reduction_.Load(parcel->data(), input_ + place.input_offset * reduction_.element_size(), place.count);
    sends_[slice].Push(std::move(parcel), Bytes(place));
  }

  void Advance(size_t slice, int step) {
    const ChunkPlace place = Received(slice, step);
    Parcel parcel = place.count > 0 ? receives_[slice].Take() : transport_.link.Acquire();
    if (step + 1 < plan_.steps) Post(slice, step + 1);
    if (place.count == 0) return;
    const size_t element = reduction_.element_size();
    if (step < plan_.reduce_steps) {
      reduction_.Accumulate(parcel->data(), input_ + place.input_offset * element, place.count);
      if (step == plan_.reduce_steps - 1) reduction_.Finish(parcel->data(), place.count);
    }
    if (step >= plan_.reduce_steps - 1) {
      std::memcpy(output_ + place.output_offset * element, parcel->data(), Bytes(place));
    }
    if (step + 1 < plan_.steps) sends_[slice].Push(std::move(parcel), Bytes(place));
  }

  Transport& transport_;
  const Reduction& reduction_;
  const RingPlan& plan_;
  const char* const input_;
  char* const output_;
  const int size_;
  Channels<ReceiveFlow> receives_;
  Channels<SendFlow> sends_;
};

}  // namespace

void RunRing(Transport& transport, const Reduction& reduction, const RingPlan& plan, const char* input,
             char* output) {
  Ring(transport, reduction, plan, input, output).Run();
}

void RunChain(Transport& transport, const Reduction& reduction, int first, bool reduce, const char* input,
              char* output, size_t count) {
  const int size = transport.link.size();
  const int rank = transport.link.rank();
  const int position = (rank - first + size) % size;
  const bool is_first = position == 0;
  const bool is_last = position == size - 1;
  const size_t element = reduction.element_size();
  const size_t chunk = kChunkBytes / element;
  const size_t chunks = (count + chunk - 1) / chunk;
  const auto length = [&](size_t i) { return std::min(chunk, count - i * chunk); };
  const size_t steps = (chunks + kChannels - 1) / kChannels;
  Channels<ReceiveFlow> receives(transport, (rank + size - 1) % size, is_first ? 0 : steps);
  Channels<SendFlow> sends(transport, (rank + 1) % size, is_last ? 0 : steps);

  const size_t ahead = std::min(chunks, kInterleaved);
  for (size_t i = 0; i < ahead && !is_first; ++i) receives[i].Post(length(i) * element);
  for (size_t i = 0; i < chunks; ++i) {
    const char* const own = input + i * chunk * element;
    char* const target = output + i * chunk * element;
    Parcel parcel = is_first ? transport.link.Acquire() : receives[i].Take();
    if (!is_first && i + ahead < chunks) receives[i + ahead].Post(length(i + ahead) * element);
    if (is_first) {
      reduction.Load(parcel->data(), own, length(i));
    } else if (reduce) {
      reduction.Accumulate(parcel->data(), own, length(i));
    }
    if (reduce && is_last) reduction.Finish(parcel->data(), length(i));
    if (reduce ? is_last : target != own || !is_first) {
      std::memcpy(target, parcel->data(), length(i) * element);
    }
    if (!is_last) sends[i].Push(std::move(parcel), length(i) * element);
  }
  for (SendFlow& flow : sends.flows) flow.Drain();
}

}  // namespace rankle::virtual_nccl
