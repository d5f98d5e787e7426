// The one engine of a process: its devices, its live handles and each thread's current context. Created by
// the first CUDA call that needs it and never destroyed, so that exit order cannot hurt.
#pragma once

#include <cuda.h>

#include <memory>
#include <vector>

#include "virtual_gpu/engine/default_stream.h"
#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/handle_table.h"
#include "virtual_gpu/engine/kernel_time.h"

namespace rankle::vgpu {

class Event;
class Graph;
class GraphExec;

// A CUDA context: a device, seen by a thread. Contexts of one device share its streams and memory.
struct Context {
  Device* device = nullptr;
  bool primary = false;
  unsigned flags = 0;
};

class Engine {
 public:
  static Engine& Get();

  int device_count() const { return static_cast<int>(devices_.size()); }
  // Null when there is no such device.
  Device* device(int index) const;
  Context* primary(int index) const { return primaries_[index].get(); }
  const KernelTimes& kernel_times() const { return kernel_times_; }

  // Sets the device's sticky error and wakes everything that waits for its streams.
  void LoseDevice(Device& device, Error error);

  HandleTable<Stream> streams;
  HandleTable<Event> events;
  HandleTable<Graph> graphs;
  HandleTable<GraphExec> graph_execs;
  HandleTable<Context> contexts;  // those that cuCtxCreate made

 private:
  Engine();

  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<std::unique_ptr<Context>> primaries_;
  KernelTimes kernel_times_;
};

// The gate of every entry point. Refuses in a forked child, while the process exits, inside a host function,
// and where there is no device.
Error Enter();
// True once a call of this process has passed the gate: the driver is initialised from then on, be it by cuInit or by the
// runtime.
bool Entered();

// The calling thread's contexts; the last one is current. The runtime makes device 0's primary context
// current when there is none.
std::vector<Context*>& ContextStack();
Device* CurrentDevice();
Error SetCurrentDevice(int index);

// The current device, or its sticky error.
Error HealthyDevice(Device** device);

// Resolves a stream handle of any kind: a created stream, 0, cudaStreamLegacy, cudaStreamPerThread.
Error FindStream(const void* handle, std::shared_ptr<Stream>* stream);

// While one lives, the thread runs a host function and must not call CUDA.
class HostFunctionScope {
 public:
  HostFunctionScope();
  ~HostFunctionScope();
  HostFunctionScope(const HostFunctionScope&) = delete;
  HostFunctionScope& operator=(const HostFunctionScope&) = delete;

 private:
  bool previous_;
};

}  // namespace rankle::vgpu
