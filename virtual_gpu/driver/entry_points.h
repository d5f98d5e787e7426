// The table behind cuGetProcAddress: which symbol a name means for a program built against a given CUDA
// version.
#pragma once

#include <cstddef>

namespace rankle::vgpu {

struct EntryPoint {
  const char* name;
  int since;         // CUDA version from which this form is meant
  void* legacy;      // with the legacy default stream
  void* per_thread;  // with the per-thread default stream
};

extern const EntryPoint kEntryPoints[];
extern const size_t kEntryPointCount;

// Null when there is no such function for that version.
void* FindEntryPoint(const char* name, int cuda_version, bool per_thread, bool* name_known);

}  // namespace rankle::vgpu
