// The private entry points for the virtual NCCL and math libraries (device_work.h).
#include "virtual_gpu/engine/device_work.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/engine/memory.h"
#include "virtual_gpu/engine/submit.h"

namespace rankle::vgpu {
namespace {

class ForeignOperation final : public Operation {
 public:
  ForeignOperation(const char* name, void (*run)(void*), void (*release)(void*), void* argument)
      : name_(name == nullptr ? "" : name), run_(run), release_(release), argument_(argument) {}
  ~ForeignOperation() override {
    // When the work could not be queued the caller keeps what it owns.
    if (accepted() && release_ != nullptr) release_(argument_);
  }
  void Run(uint64_t) override { run_(argument_); }
  NodeKind kind() const override { return NodeKind::kKernel; }
  const char* name() const override { return name_.c_str(); }

 private:
  const std::string name_;
  void (*run_)(void*);
  void (*release_)(void*);
  void* argument_;
};

Error Enqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* argument) {
  if (const Error error = Enter()) return error;
  if (run == nullptr) return cudaErrorInvalidValue;
  return SubmitTo(stream, std::make_shared<ForeignOperation>(name, run, release, argument));
}

// The kernel of that name, made at its first launch; kernels live as long as the process.
const Kernel* KernelNamed(const char* name) {
  static std::mutex mutex;
  static auto* kernels = new std::map<std::string, const Kernel*, std::less<>>;
  const std::lock_guard lock(mutex);
  const auto found = kernels->find(std::string_view(name));
  if (found != kernels->end()) return found->second;
  return kernels->emplace(name, MakeKernel(name, nullptr)).first->second;
}

Error LaunchNamed(void* stream, const char* name) {
  if (const Error error = Enter()) return error;
  if (name == nullptr) return cudaErrorInvalidValue;
  return Launch(KernelNamed(name), {dim3{1, 1, 1}, dim3{1, 1, 1}, 0}, static_cast<CUstream_st*>(stream));
}

}  // namespace
}  // namespace rankle::vgpu

int rankleVgpuLaunch(void* stream, const char* name) { return rankle::vgpu::LaunchNamed(stream, name); }

int rankleVgpuEnqueue(void* stream, const char* name, void (*run)(void*), void (*release)(void*), void* arg) {
  return rankle::vgpu::Enqueue(stream, name, run, release, arg);
}

void rankleVgpuSetStickyError(int device, int error) {
  rankle::vgpu::Engine& engine = rankle::vgpu::Engine::Get();
  if (engine.device(device) == nullptr) return;
  engine.LoseDevice(*engine.device(device), static_cast<rankle::vgpu::Error>(error));
}

int rankleVgpuIsDeviceAccessible(const void* pointer, unsigned long bytes) {
  return rankle::vgpu::IsAccessible(pointer, bytes) ? 1 : 0;
}
