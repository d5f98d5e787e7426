// Device memory in use, from the allocations and frees that pass the hooks. Lock-free; an allocation that
// does not fit into the table of addresses is counted when made and forgotten when freed (the total then
// stays too high).
#pragma once

#include <cstdint>

#include "injector/hooks/call.h"

namespace rankle::hooks {

// Notes a successful allocation or free and writes a kMemory record.
void NoteAllocated(const void* address, uint64_t bytes);
void NoteFreed(const void* address);
// Bytes in use now, all devices.
uint64_t MemoryInUse();
// Is this allocation device memory (not pinned host memory)?
bool IsDeviceAllocation(const HookCall& call);
void ResetMemory();

}  // namespace rankle::hooks
