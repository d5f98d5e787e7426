// dlclose: what is loaded to the addresses of a module that went away is another module. Sites and rules are
// found by address alone, which costs a call nothing; so they are gone through here, once a dlclose.
#include <dlfcn.h>

#include "injector/hooks/export.h"
#include "injector/hooks/leaving.h"
#include "injector/sites/call_site.h"
#include "injector/sites/modules.h"
#include "injector/sites/process.h"

namespace rankle::sites {
namespace {

bool IsThere(uint64_t address, const ModuleEntry& module) {
  return IsSameModule(module, PlaceOf(address).module);
}

}  // namespace

extern "C" RANKLE_EXPORT int rankle_dlclose(void* library) __asm__("dlclose");
extern "C" int rankle_dlclose(void* library) {
  const auto real = reinterpret_cast<int (*)(void*)>(NextFunction("dlclose"));
  if (real == nullptr) return -1;
  const int result = real(library);
  if (result == 0 && IsReady()) {
    TheProcess().recorder.ForgetUnloaded(IsThere);
    ForgetUnloadedRules();
  }
  return result;
}

}  // namespace rankle::sites
