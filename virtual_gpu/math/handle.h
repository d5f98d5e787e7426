// What a program holds of a math library: handles, with the stream that their work goes to, and descriptors,
// which are handles that nothing runs on. Looked up, never dereferenced: a stale one is an error, not a
// crash.
#pragma once

#include <memory>

#include "virtual_gpu/engine/handle_table.h"

namespace rankle::vgpu::math {

struct Handle {
  virtual ~Handle() = default;
  void* stream = nullptr;
};

// Those of this library: each math library has its own copy.
HandleTable<Handle>& Handles();

template <typename Kind>
std::shared_ptr<Kind> Find(const void* handle) {
  return std::dynamic_pointer_cast<Kind>(Handles().Find(handle));
}

// Makes one, for a function that writes it to `*out`.
template <typename Kind = Handle>
void Create(void** out) {
  *out = Handles().Add(std::make_shared<Kind>());
}

}  // namespace rankle::vgpu::math
