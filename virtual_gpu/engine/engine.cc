#include "virtual_gpu/engine/engine.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <string>

#include "virtual_gpu/engine/event.h"
#include "virtual_gpu/engine/graph.h"
#include "virtual_gpu/engine/injection.h"
#include "virtual_gpu/engine/process.h"
#include "virtual_gpu/engine/settings.h"

namespace rankle::vgpu {
namespace {

thread_local bool t_per_thread_default = false;
thread_local bool t_in_host_function = false;
std::atomic<bool> g_initialised{false};

// Not an object with a destructor: a program's static objects are destroyed after the thread_local ones of
// the main thread, and may still call CUDA (PyTorch's do).
thread_local std::vector<Context*>* t_contexts = nullptr;

// Frees a thread's contexts when it ends; those of the main thread live until the process ends.
struct ContextsOwner {
  ~ContextsOwner() {
    if (gettid() == getpid()) return;
    delete t_contexts;
    t_contexts = nullptr;
  }
};

// The default streams of one thread, one per device it used; they retire with the thread.
struct ThreadStreams {
  std::map<Device*, std::shared_ptr<Stream>> by_device;

  ~ThreadStreams() {
    if (InForkedChild()) return;
    for (auto& [device, stream] : by_device) device->RetireStream(stream);
  }

  const std::shared_ptr<Stream>& For(Device& device) {
    std::shared_ptr<Stream>& stream = by_device[&device];
    if (stream == nullptr) stream = device.CreateStream(StreamKind::kPerThread, 0);
    return stream;
  }
};

ThreadStreams& PerThreadStreams() {
  thread_local ThreadStreams streams;
  return streams;
}

}  // namespace

Engine& Engine::Get() {
  static Engine* engine = new Engine;  // Never destroyed: workers may outlive every static object.
  return *engine;
}

Engine::Engine() {
  WatchForkAndExit();
  const Settings settings = SettingsFromEnvironment();
  for (int physical : settings.visible) {
    const int index = static_cast<int>(devices_.size());
    devices_.push_back(std::make_unique<Device>(index, physical, settings.memory_bytes));
    primaries_.push_back(std::make_unique<Context>(Context{devices_.back().get(), true, 0}));
  }
  std::vector<std::string> errors;
  kernel_times_ = KernelTimes::Parse(settings.kernel_time, &errors);
  for (const std::string& entry : errors) {
    fprintf(stderr, "rankle: virtual GPU: RANKLE_VGPU_KERNEL_TIME: '%s' is not PATTERN=DURATION; ignored\n",
            entry.c_str());
  }
}

Device* Engine::device(int index) const {
  return index >= 0 && index < device_count() ? devices_[index].get() : nullptr;
}

void Engine::LoseDevice(Device& device, Error error) {
  device.set_sticky_error(error);
  for (const auto& other : devices_) {
    other->legacy_stream()->WakeWaiters();
    other->ForEachStream([](const std::shared_ptr<Stream>& stream) { stream->WakeWaiters(); });
  }
}

Error Enter() {
  if (InForkedChild()) return cudaErrorInitializationError;
  if (ProcessExiting()) return cudaErrorCudartUnloading;
  if (t_in_host_function) return cudaErrorNotPermitted;
  if (Engine::Get().device_count() == 0) return cudaErrorNoDevice;
  LoadInjectionOnce();
  return cudaSuccess;
}

bool Initialised() { return g_initialised.load(std::memory_order_acquire); }

void MarkInitialised() {
  if (!Initialised()) g_initialised.store(true, std::memory_order_release);
}

std::vector<Context*>& ContextStack() {
  if (t_contexts == nullptr) {
    t_contexts = new std::vector<Context*>;
    thread_local const ContextsOwner owner;
  }
  return *t_contexts;
}

Device* CurrentDevice() {
  std::vector<Context*>& stack = ContextStack();
  if (stack.empty()) SetCurrentDevice(0);
  return stack.back()->device;
}

Error SetCurrentDevice(int index) {
  Engine& engine = Engine::Get();
  if (engine.device(index) == nullptr) return cudaErrorInvalidDevice;
  std::vector<Context*>& stack = ContextStack();
  Context* context = engine.primary(index);
  context->device->primary_active = true;
  if (stack.empty()) {
    stack.push_back(context);
  } else {
    stack.back() = context;
  }
  return cudaSuccess;
}

Error HealthyDevice(Device** device) {
  *device = CurrentDevice();
  return (*device)->sticky_error();
}

Error FindStream(const void* handle, std::shared_ptr<Stream>* stream) {
  if (handle == nullptr) handle = t_per_thread_default ? cudaStreamPerThread : cudaStreamLegacy;
  if (handle == cudaStreamLegacy) {
    *stream = CurrentDevice()->legacy_stream();
  } else if (handle == cudaStreamPerThread) {
    *stream = PerThreadStreams().For(*CurrentDevice());
  } else {
    *stream = Engine::Get().streams.Find(handle);
    if (*stream == nullptr) return cudaErrorInvalidResourceHandle;
  }
  return (*stream)->device().sticky_error();
}

PerThreadDefaultScope::PerThreadDefaultScope() : previous_(t_per_thread_default) {
  t_per_thread_default = true;
}
PerThreadDefaultScope::~PerThreadDefaultScope() { t_per_thread_default = previous_; }

HostFunctionScope::HostFunctionScope() : previous_(t_in_host_function) { t_in_host_function = true; }
HostFunctionScope::~HostFunctionScope() { t_in_host_function = previous_; }

}  // namespace rankle::vgpu
