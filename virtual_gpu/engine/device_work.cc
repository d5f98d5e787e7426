// The private entry points for the virtual NCCL (device_work.h).
#include "virtual_gpu/engine/device_work.h"

#include <string>

#include "virtual_gpu/engine/engine.h"
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

}  // namespace
}  // namespace rankle::vgpu

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
