// What happens to the device: slower kernels and copies, memory that leaks, a GPU that is lost.
#include <stdio.h>
#include <unistd.h>

#include <atomic>

#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/memory.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

void SleepOnStream(void* ns) { SleepUntil(MonotonicNs() + reinterpret_cast<uintptr_t>(ns)); }

bool AddStreamTime(cudaStream_t stream, uint64_t ns) {
  return Cuda().launch_host != nullptr &&
         Cuda().launch_host(stream, SleepOnStream, reinterpret_cast<void*>(ns)) == 0;
}

// For `factor`: measures the device work between two host functions and stretches it.
struct Stretch {
  uint64_t started_ns;
  double factor;
};
constexpr uint32_t kStretches = 1024;  // reused in turn; more launches than this in flight would share one
Stretch g_stretches[kStretches];
std::atomic<uint32_t> g_next_stretch{0};
constinit thread_local Stretch* t_stretch __attribute__((tls_model("initial-exec"))) = nullptr;

void BeginStretch(void* data) { static_cast<Stretch*>(data)->started_ns = MonotonicNs(); }

void EndStretch(void* data) {
  const auto& stretch = *static_cast<Stretch*>(data);
  const uint64_t now = MonotonicNs();
  const double extra = static_cast<double>(now - stretch.started_ns) * (stretch.factor - 1);
  if (extra > 0) SleepUntil(now + static_cast<uint64_t>(extra));
}

// What the driver writes to the kernel log, and the error that CUDA calls return from then on.
struct Xid {
  int code;
  int error;
  const char* text;
};
constexpr Xid kXids[] = {
    {13, cudaErrorLaunchFailure,
     "Graphics SM Warp Exception on (GPC 0, TPC 0, SM 0): Illegal Instruction Encoding"},
    {31, cudaErrorIllegalAddress,
     "MMU Fault: ENGINE GRAPHICS GPC0 faulted @ 0x7f00_00000000. Fault is of type FAULT_PDE"},
    {48, cudaErrorECCUncorrectable, "An uncorrectable double bit error (DBE) has been detected on GPU"},
    {63, cudaErrorECCUncorrectable, "Row Remapper: New row marked for remapping, reset gpu to activate."},
    {74, cudaErrorNvlinkUncorrectable, "NVLink: fatal error detected on link 0"},
    {79, cudaErrorUnknown, "GPU has fallen off the bus."},
    {94, cudaErrorContained, "Contained: SM (0x1). RST: No, D-RST: No"},
    {95, cudaErrorECCUncorrectable, "Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No"},
};

const Xid& XidOf(int64_t code) {
  const Xid* off_the_bus = &kXids[5];
  for (const Xid& xid : kXids) {
    if (xid.code == code) return xid;
  }
  return *off_the_bus;
}

}  // namespace

bool SlowKernelBefore(const HookCall& call, const plan::Decision& decision) {
  if (!call.has_stream() || Cuda().launch_host == nullptr) return false;
  t_stretch = nullptr;
  if (decision.details->factor <= 0) return true;
  Stretch* stretch = &g_stretches[g_next_stretch.fetch_add(1, std::memory_order_relaxed) % kStretches];
  stretch->factor = decision.details->factor;
  t_stretch = stretch;
  return Cuda().launch_host(call.stream(), BeginStretch, stretch) == 0;
}

bool SlowKernelAfter(const HookCall& call, const plan::Decision& decision) {
  if (t_stretch != nullptr) return Cuda().launch_host(call.stream(), EndStretch, t_stretch) == 0;
  return AddStreamTime(call.stream(), decision.time_ns);
}

bool SlowCopy(const HookCall& call, const plan::Decision& decision) {
  const int64_t bytes = call.bytes();
  if (bytes < 0 || decision.details->bytes_limit == 0) return false;
  const double seconds = static_cast<double>(bytes) / static_cast<double>(decision.details->bytes_limit);
  const auto ns = static_cast<uint64_t>(seconds * 1e9);
  if (call.has_stream()) return AddStreamTime(call.stream(), ns);
  SleepUntil(MonotonicNs() + ns);
  return true;
}

void LoseDevice(const plan::Decision& decision) {
  const Xid& xid = XidOf(decision.details->result);
  int device = 0;
  if (Cuda().get_device != nullptr && Cuda().get_device(&device) != 0) device = 0;
  char line[256];
  const int length = snprintf(line, sizeof(line), "NVRM: Xid (PCI:0000:%02x:00): %d, pid=%d, %s\n",
                              device + 1, xid.code, getpid(), xid.text);
  TheProcess().sticky_error.store(xid.error, std::memory_order_relaxed);
  if (write(STDERR_FILENO, line, static_cast<size_t>(length)) < 0) return;  // nobody reads it
}

bool Leak(const plan::Decision& decision) {
  void* hidden = nullptr;
  const uint64_t bytes = decision.details->bytes_limit;
  if (Cuda().malloc == nullptr || Cuda().malloc(&hidden, bytes) != 0) return false;
  NoteAllocated(hidden, bytes);
  return true;
}

}  // namespace rankle::hooks
