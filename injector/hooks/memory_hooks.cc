// Allocations and frees: the record of the call, and the total in use.
#include "injector/hooks/allocations.h"
#include "injector/hooks/handlers.h"
#include "injector/hooks/memory.h"
#include "injector/hooks/process.h"
#include "injector/hooks/trace.h"

namespace rankle::hooks {

int OnAllocate(HookCall& call) {
  const int result = call.info->blocking ? TraceBlocking(call) : TracePlain(call);
  if (result == 0 && IsDeviceAllocation(call)) {
    // Every one of them answers with the address (or the handle) through its first argument.
    auto* const* address = call.Argument<void* const*>(0);
    if (address != nullptr && *address != nullptr) {
      NoteAllocated(*address, static_cast<uint64_t>(call.bytes()));
      // A handle of physical memory is no address.
      if (call.info->id != api::IdOf("cuMemCreate"))
        TheAllocations().Add(*address, static_cast<uint64_t>(call.bytes()));
    }
  }
  return result;
}

int OnFree(HookCall& call) {
  const void* address = call.Argument<void*>(0);
  // Before the real call: the address may be handed out again as soon as it returns.
  if (address != nullptr) NoteFreed(address);
  return call.info->blocking ? TraceBlocking(call) : TracePlain(call);
}

}  // namespace rankle::hooks
