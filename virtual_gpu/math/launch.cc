#include "virtual_gpu/math/launch.h"

#include <cstring>
#include <memory>
#include <utility>

#include "virtual_gpu/engine/device_work.h"

namespace rankle::vgpu::math {

bool Launch(void* stream, const char* name) { return rankleVgpuLaunch(stream, name) == 0; }

bool Enqueue(void* stream, const char* name, std::function<void()> run) {
  auto work = std::make_unique<std::function<void()>>(std::move(run));
  const int error = rankleVgpuEnqueue(
      stream, name, [](void* arg) { (*static_cast<std::function<void()>*>(arg))(); },
      [](void* arg) { delete static_cast<std::function<void()>*>(arg); }, work.get());
  if (error == 0) work.release();  // the stream's now
  return error == 0;
}

bool EnqueueZeros(void* stream, void* at, size_t bytes) {
  return Enqueue(stream, "[math info]", [at, bytes] { std::memset(at, 0, bytes); });
}

}  // namespace rankle::vgpu::math
