#include "virtual_gpu/math/action.h"

#include <cstdio>

#include "virtual_gpu/math/handle.h"
#include "virtual_gpu/math/launch.h"

namespace rankle::vgpu::math {
namespace {

// What every question for a workspace is answered with: nothing is computed, so none is needed; but callers
// divide by it and allocate it, so it is not zero. A page of floats or a little more.
constexpr int kWorkspaceElements = 1024;
constexpr size_t kWorkspaceBytes = 8192;

template <typename T>
int Write(const Library& library, uintptr_t pointer, T value) {
  if (pointer == 0) return library.invalid_value;
  *reinterpret_cast<T*>(pointer) = value;
  return 0;
}

int Zeros(const Library& library, void* stream, uintptr_t pointer, int64_t count) {
  if (count <= 0) return 0;
  if (pointer == 0) return library.invalid_value;
  const bool queued =
      EnqueueZeros(stream, reinterpret_cast<void*>(pointer), static_cast<size_t>(count) * sizeof(int));
  return queued ? 0 : library.failed;
}

}  // namespace

HandleTable<Handle>& Handles() {
  static auto* handles = new HandleTable<Handle>;  // never destroyed: programs free handles while they exit
  return *handles;
}

int Perform(const Library& library, const char* function, std::span<const Action> actions,
            std::span<const uintptr_t> arguments) {
  std::shared_ptr<Handle> self;
  for (const Action& action : actions) {
    const uintptr_t argument = arguments[static_cast<size_t>(action.at)];
    int status = 0;
    switch (action.kind) {
      case Action::Kind::kHandle:
        self = Handles().Find(reinterpret_cast<void*>(argument));
        status = self == nullptr ? library.no_handle : 0;
        break;
      case Action::Kind::kNeeds:
        status = argument == 0 ? library.invalid_value : 0;
        break;
      case Action::Kind::kCount:
        status = static_cast<int32_t>(argument) < 0 ? library.invalid_value : 0;
        break;
      case Action::Kind::kCount64:
        status = static_cast<int64_t>(argument) < 0 ? library.invalid_value : 0;
        break;
      case Action::Kind::kLaunch:
        status = Launch(self->stream, function) ? 0 : library.failed;
        break;
      case Action::Kind::kElements:
        status = Write<int>(library, argument, kWorkspaceElements);
        break;
      case Action::Kind::kBytes:
        status = Write<size_t>(library, argument, kWorkspaceBytes);
        break;
      case Action::Kind::kInfo:
        status =
            Zeros(library, self->stream, argument,
                  action.other < 0 ? 1 : static_cast<int32_t>(arguments[static_cast<size_t>(action.other)]));
        break;
      case Action::Kind::kValue:
        status = Write<int>(library, argument, action.other);
        break;
      case Action::Kind::kValue64:
        status = Write<int64_t>(library, argument, action.other);
        break;
      case Action::Kind::kCreate:
        if (argument == 0) return library.invalid_value;
        Create(reinterpret_cast<void**>(argument));
        break;
      case Action::Kind::kDestroy:
        if (argument != 0 && Handles().Take(reinterpret_cast<void*>(argument)) == nullptr)
          status = library.no_handle;
        break;
      case Action::Kind::kStream:
        self = Handles().Find(reinterpret_cast<void*>(arguments[0]));
        if (self == nullptr) return library.no_handle;
        self->stream = reinterpret_cast<void*>(argument);
        break;
      case Action::Kind::kStreamOf:
        self = Handles().Find(reinterpret_cast<void*>(arguments[0]));
        if (self == nullptr) return library.no_handle;
        status = Write<void*>(library, argument, self->stream);
        break;
      case Action::Kind::kAccept:
        break;
    }
    if (status != 0) return status;
  }
  return 0;
}

int NotSupported(const Library& library, const char* function, std::atomic<bool>* named) {
  if (!named->exchange(true)) fprintf(stderr, "rankle: virtual GPU: %s is not supported\n", function);
  return library.not_supported;
}

}  // namespace rankle::vgpu::math
