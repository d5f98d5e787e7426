#include "injector/hooks/stack.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

namespace rankle::hooks {

void WriteStack(char* text, size_t size) {
  constexpr int kDepth = 64;
  void* frames[kDepth];
  const int depth = backtrace(frames, kDepth);
  size_t used = 0;
  for (int i = 0; i < depth; ++i) {
    Dl_info info;
    if (dladdr(frames[i], &info) == 0 || info.dli_sname == nullptr) continue;
    char* readable = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, nullptr);
    const char* name = readable != nullptr ? readable : info.dli_sname;
    const size_t length = std::min(strlen(name), size - used - 2);
    memcpy(text + used, name, length);
    used += length;
    text[used++] = ';';
    free(readable);
    if (used + 2 >= size) break;
  }
  text[used > 0 ? used - 1 : 0] = '\0';
}

}  // namespace rankle::hooks
