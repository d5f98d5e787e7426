#include "virtual_gpu/driver/entry_points.h"

#include <cstring>

namespace rankle::vgpu {

void* FindEntryPoint(const char* name, int cuda_version, bool per_thread, bool* name_known) {
  const EntryPoint* best = nullptr;
  *name_known = false;
  for (size_t i = 0; i < kEntryPointCount; ++i) {
    const EntryPoint& candidate = kEntryPoints[i];
    if (strcmp(candidate.name, name) != 0) continue;
    *name_known = true;
    if (candidate.since > cuda_version) continue;
    if (best == nullptr || candidate.since > best->since) best = &candidate;
  }
  if (best == nullptr) return nullptr;
  return per_thread ? best->per_thread : best->legacy;
}

}  // namespace rankle::vgpu
