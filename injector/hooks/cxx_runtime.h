// A function of the process's C++ runtime, behind ours of the same name. The runtime may have been loaded
// with dlopen, out of RTLD_NEXT's sight, or be a part of the library that calls.
#pragma once

#include <dlfcn.h>

#include <initializer_list>

namespace rankle::hooks {

using LookUp = void* (*)(void*, const char*);

inline void* FindInLoaded(const char* file, const char* name, LookUp look_up) {
  void* const handle = dlopen(file, RTLD_NOLOAD | RTLD_LAZY);
  return handle == nullptr ? nullptr : look_up(handle, name);
}

// `look_up`: the dlsym to use; `caller`: the code that wants the function.
inline void* FindInCxxRuntime(const char* name, LookUp look_up, const void* caller) {
  if (void* const next = look_up(RTLD_NEXT, name)) return next;
  for (const char* file : {"libstdc++.so.6", "libc++abi.so.1"}) {
    if (void* const found = FindInLoaded(file, name, look_up)) return found;
  }
  Dl_info info;
  return dladdr(caller, &info) != 0 ? FindInLoaded(info.dli_fname, name, look_up) : nullptr;
}

}  // namespace rankle::hooks
