// `corrupt`: flips bits of the data that a call sends or receives, in the order of its stream.
//
// Device memory cannot be touched from the host while the stream runs, so a window of the buffer is copied
// out, changed by a host function, and copied back, all on the stream: before the operation for the send
// buffer, after it for the receive buffer.
#include <string.h>

#include <algorithm>
#include <atomic>

#include "injector/api/table.h"
#include "injector/hooks/buffers.h"
#include "injector/hooks/captures.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

constexpr uint32_t kWindow = 4096, kWindows = 64;

struct Window {
  std::atomic<bool> busy{false};
  plan::CorruptPattern pattern = plan::CorruptPattern::kBitflip;
  uint32_t amount = 0;  // bits, or elements
  uint32_t length = 0, element = 0;
  uint64_t random = 0;
  unsigned char* bytes = nullptr;
};
constinit Window g_windows[kWindows];
std::atomic<unsigned char*> g_memory{nullptr};  // pinned, kWindow bytes each

uint64_t NextRandom(uint64_t& state) {
  state += 0x9e3779b97f4a7c15ull;
  uint64_t x = state;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// Runs on the stream between the two copies.
void Change(void* data) {
  Window& window = *static_cast<Window*>(data);
  if (window.pattern == plan::CorruptPattern::kBitflip) {
    for (uint32_t i = 0; i < window.amount; ++i) {
      const uint64_t bit = NextRandom(window.random) % (uint64_t{window.length} * 8);
      window.bytes[bit / 8] ^= static_cast<unsigned char>(1u << (bit % 8));
    }
    return;
  }
  const uint32_t length = std::min(window.length, window.amount * window.element);
  for (uint32_t i = 0; i < length; ++i) {
    // All ones is a NaN in every floating-point type of NCCL.
    window.bytes[i] = window.pattern == plan::CorruptPattern::kNan ? 0xff
                      : window.pattern == plan::CorruptPattern::kZero
                          ? 0
                          : static_cast<unsigned char>(NextRandom(window.random));
  }
}

void Release(void* data) { static_cast<Window*>(data)->busy.store(false, std::memory_order_release); }

unsigned char* PinnedMemory() {
  unsigned char* memory = g_memory.load(std::memory_order_acquire);
  if (memory != nullptr || Cuda().host_alloc == nullptr) return memory;
  void* fresh = nullptr;
  if (Cuda().host_alloc(&fresh, kWindow * kWindows, cudaHostAllocDefault) != 0) return nullptr;
  g_memory.compare_exchange_strong(memory, static_cast<unsigned char*>(fresh));
  return g_memory.load(std::memory_order_acquire);
}

Window* TakeWindow() {
  unsigned char* memory = PinnedMemory();
  for (uint32_t i = 0; memory != nullptr && i < kWindows; ++i) {
    if (g_windows[i].busy.exchange(true, std::memory_order_acquire)) continue;
    g_windows[i].bytes = memory + i * kWindow;
    return &g_windows[i];
  }
  return nullptr;
}

}  // namespace

bool CorruptOnStream(void* buffer, int64_t bytes, int dtype, cudaStream_t stream,
                     const plan::Decision& decision) {
  const CudaCalls& cuda = Cuda();
  if (buffer == nullptr || bytes <= 0 || decision.details->offset >= bytes || cuda.memcpy_async == nullptr ||
      cuda.launch_host == nullptr)
    return false;
  if (CaptureOf(stream) != 0) return false;  // it would be corrupted at every launch
  Window* window = TakeWindow();
  if (window == nullptr) return false;
  const plan::ArmedFault& fault = *decision.details;
  const int64_t element = std::max<int64_t>(1, api::DataTypeBytes(static_cast<uint8_t>(dtype)));
  window->random = decision.random;
  int64_t offset = fault.offset >= 0
                       ? fault.offset
                       : static_cast<int64_t>(NextRandom(window->random) % static_cast<uint64_t>(bytes));
  if (fault.offset < 0) offset -= offset % element;
  const int64_t wanted =
      fault.pattern == plan::CorruptPattern::kBitflip ? kWindow : int64_t{fault.bits} * element;
  window->length = static_cast<uint32_t>(std::min({bytes - offset, wanted, int64_t{kWindow}}));
  window->pattern = fault.pattern;
  window->amount = fault.bits;
  window->element = static_cast<uint32_t>(element);
  auto* target = static_cast<unsigned char*>(buffer) + offset;
  const bool done =
      cuda.memcpy_async(window->bytes, target, window->length, cudaMemcpyDeviceToHost, stream) == 0 &&
      cuda.launch_host(stream, Change, window) == 0 &&
      cuda.memcpy_async(target, window->bytes, window->length, cudaMemcpyHostToDevice, stream) == 0 &&
      cuda.launch_host(stream, Release, window) == 0;
  if (!done) Release(window);
  return done;
}

bool CanCorrupt(const HookCall& call, const plan::Decision& decision) {
  const bool received = decision.details->buffer == plan::CorruptBuffer::kRecv;
  return decision.details->offset < BufferBytes(call, received ? Buffer::kReceive : Buffer::kSend);
}

bool CorruptBefore(const HookCall& call, const plan::Decision& decision) {
  return CorruptOnStream(const_cast<void*>(call.sendbuf()), BufferBytes(call, Buffer::kSend), call.dtype(),
                         call.stream(), decision);
}

bool CorruptAfter(const HookCall& call, const plan::Decision& decision) {
  const int64_t bytes = BufferBytes(call, Buffer::kReceive);
  ThreadState* thread = CurrentThread();
  if (thread == nullptr || thread->group_depth == 0) {
    return CorruptOnStream(call.recvbuf(), bytes, call.dtype(), call.stream(), decision);
  }
  if (thread->actions == ThreadState::kMaxActions || call.recvbuf() == nullptr) return false;
  thread->action[thread->actions++] = {decision, call.recvbuf(), bytes, call.dtype(), call.stream()};
  return true;
}

}  // namespace rankle::hooks
