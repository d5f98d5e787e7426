#include "virtual_gpu/engine/kernel.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/submit.h"

namespace rankle::vgpu {
namespace {

struct Registered {
  const char* name;
  void* module;
  Kernel* kernel;  // null until first looked for
};

struct Kernels {
  std::shared_mutex mutex;
  std::unordered_map<const void*, Registered> by_host_function;  // guarded by mutex
  std::unordered_set<const void*> handles;                       // guarded by mutex

  static Kernels& Get() {
    static Kernels* kernels = new Kernels;
    return *kernels;
  }
};

std::string Demangle(const std::string& mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  std::string signature = status == 0 ? text : mangled;
  std::free(text);
  return signature;
}

// Looked up at the first launch: registering a kernel happens before main and must not bring the engine to
// life.
uint64_t DurationNs(const Kernel& kernel) {
  constexpr uint64_t kUnknown = UINT64_MAX;
  uint64_t duration_ns = kernel.duration_ns.load(std::memory_order_relaxed);
  if (duration_ns != kUnknown) return duration_ns;
  duration_ns = Engine::Get().kernel_times().DurationNs(kernel.mangled, kernel.signature);
  kernel.duration_ns.store(duration_ns, std::memory_order_relaxed);
  return duration_ns;
}

class KernelOperation final : public Operation {
 public:
  KernelOperation(const Kernel* kernel, const LaunchShape& shape)
      : kernel_(kernel), shape_(shape), duration_ns_(DurationNs(*kernel)) {}

  void Run(uint64_t) override {}
  NodeKind kind() const override { return NodeKind::kKernel; }
  const char* name() const override { return kernel_->mangled.c_str(); }
  uint64_t modelled_ns() const override { return duration_ns_; }
  bool quick() const override { return duration_ns_ == 0; }

  const Kernel* kernel() const { return kernel_; }
  const LaunchShape& shape() const { return shape_; }

 private:
  const Kernel* kernel_;
  LaunchShape shape_;
  uint64_t duration_ns_;
};

class HostFunctionOperation final : public Operation {
 public:
  HostFunctionOperation(void (*function)(void*), void* argument) : function_(function), argument_(argument) {}
  void Run(uint64_t) override {
    HostFunctionScope no_cuda;
    function_(argument_);
  }
  NodeKind kind() const override { return NodeKind::kHost; }

 private:
  void (*function_)(void*);
  void* argument_;
};

class CallbackOperation final : public Operation {
 public:
  CallbackOperation(CUstream_st* stream, Device& device, void (*callback)(CUstream_st*, cudaError_t, void*),
                    void* argument)
      : stream_(stream), device_(device), callback_(callback), argument_(argument) {}
  void Run(uint64_t) override { Call(); }
  // A callback is owed also when the work before it failed.
  ~CallbackOperation() override {
    if (accepted()) Call();
  }
  NodeKind kind() const override { return NodeKind::kHost; }

 private:
  void Call() {
    if (called_) return;
    called_ = true;
    HostFunctionScope no_cuda;
    callback_(stream_, device_.sticky_error(), argument_);
  }

  CUstream_st* stream_;
  Device& device_;
  void (*callback_)(CUstream_st*, cudaError_t, void*);
  void* argument_;
  bool called_ = false;
};

bool Outside(unsigned value, unsigned limit) { return value == 0 || value > limit; }

Error CheckShape(const Kernel& kernel, const LaunchShape& shape) {
  const uint64_t threads = uint64_t{shape.block.x} * shape.block.y * shape.block.z;
  if (Outside(shape.block.x, kMaxThreadsPerBlock) || Outside(shape.block.y, kMaxThreadsPerBlock) ||
      Outside(shape.block.z, kMaxBlockZ) || threads > kMaxThreadsPerBlock) {
    return cudaErrorInvalidConfiguration;
  }
  if (Outside(shape.grid.x, kMaxGridX) || Outside(shape.grid.y, kMaxGridYZ) ||
      Outside(shape.grid.z, kMaxGridYZ)) {
    return cudaErrorInvalidConfiguration;
  }
  if (shape.shared_bytes > static_cast<size_t>(kernel.max_dynamic_shared_bytes.load()))
    return cudaErrorInvalidValue;
  return cudaSuccess;
}

}  // namespace

Kernel* MakeKernel(const std::string& mangled, void* module) {
  auto* kernel = new Kernel;
  kernel->mangled = mangled;
  kernel->signature = Demangle(mangled);
  kernel->module = module;
  std::unique_lock lock(Kernels::Get().mutex);
  Kernels::Get().handles.insert(kernel);
  return kernel;
}

void RegisterHostFunction(const void* host_function, const char* device_name, void* module) {
  std::unique_lock lock(Kernels::Get().mutex);
  Kernels::Get().by_host_function[host_function] = {device_name, module, nullptr};
}

void UnregisterHostFunctions(void* module) {
  Kernels& kernels = Kernels::Get();
  std::unique_lock lock(kernels.mutex);
  std::erase_if(kernels.by_host_function, [&](const auto& entry) { return entry.second.module == module; });
}

Kernel* FindKernel(const void* function_or_handle) {
  Kernels& kernels = Kernels::Get();
  std::string name;
  void* module;
  {
    std::shared_lock lock(kernels.mutex);
    auto found = kernels.by_host_function.find(function_or_handle);
    if (found == kernels.by_host_function.end()) {
      if (kernels.handles.count(function_or_handle) == 0) return nullptr;
      return static_cast<Kernel*>(const_cast<void*>(function_or_handle));
    }
    if (found->second.kernel != nullptr) return found->second.kernel;
    name = found->second.name;
    module = found->second.module;
  }
  Kernel* made = MakeKernel(name, module);
  std::unique_lock lock(kernels.mutex);
  auto found = kernels.by_host_function.find(function_or_handle);
  if (found == kernels.by_host_function.end()) return made;
  if (found->second.kernel == nullptr) found->second.kernel = made;  // otherwise another thread was first
  return found->second.kernel;
}

int MaxBlocksPerMultiprocessor(int block_size, size_t shared_bytes) {
  if (block_size <= 0 || block_size > static_cast<int>(kMaxThreadsPerBlock)) return 0;
  const int by_threads = std::min(kMaxBlocksPerMultiprocessor, kMaxThreadsPerMultiprocessor / block_size);
  const int by_shared = static_cast<int>(kSharedPerMultiprocessor / (shared_bytes + kReservedSharedPerBlock));
  return std::min(by_threads, by_shared);
}

Error MakeLaunch(const Kernel* kernel, const LaunchShape& shape, OperationPtr* operation) {
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  if (const Error error = CheckShape(*kernel, shape)) return error;
  *operation = std::make_shared<KernelOperation>(kernel, shape);
  return cudaSuccess;
}

Error Launch(const Kernel* kernel, const LaunchShape& shape, CUstream_st* stream_handle) {
  std::shared_ptr<Stream> stream;
  OperationPtr operation;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (&stream->device() != CurrentDevice()) return cudaErrorInvalidResourceHandle;
  if (const Error error = MakeLaunch(kernel, shape, &operation)) return error;
  return Submit(stream, std::move(operation));
}

const Kernel* LaunchedKernel(const Operation& operation, LaunchShape* shape) {
  const auto* launch = dynamic_cast<const KernelOperation*>(&operation);
  if (launch == nullptr) return nullptr;
  *shape = launch->shape();
  return launch->kernel();
}

OperationPtr MakeHostFunction(void (*function)(void*), void* argument) {
  return std::make_shared<HostFunctionOperation>(function, argument);
}

Error LaunchHostFunction(CUstream_st* stream, void (*function)(void*), void* argument) {
  if (function == nullptr) return cudaErrorInvalidValue;
  return SubmitTo(stream, MakeHostFunction(function, argument));
}

Error AddStreamCallback(CUstream_st* handle, void (*callback)(CUstream_st*, cudaError_t, void*),
                        void* argument) {
  std::shared_ptr<Stream> stream;
  if (callback == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindStream(handle, &stream)) return error;
  if (stream->capturing) return cudaErrorStreamCaptureUnsupported;
  return Submit(stream, std::make_shared<CallbackOperation>(handle, stream->device(), callback, argument));
}

}  // namespace rankle::vgpu
