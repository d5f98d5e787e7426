// For programs that hold the hooks' logic without standing in front of dlsym.
#include <dlfcn.h>

#include "injector/hooks/dlsym.h"

namespace rankle::hooks {

void* NextDlsym(void* handle, const char* name) { return dlsym(handle, name); }

}  // namespace rankle::hooks
