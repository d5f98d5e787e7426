#include "tracer/cupti/cupti_functions.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

namespace rankle::cupti {
namespace {

// Newest first. All have the layout of records that cupti_source.cc reads.
constexpr const char* kLibraries[] = {"libcupti.so.13", "libcupti.so.12"};
// Of a toolkit, from the folder of its libcudart; of the wheels that PyTorch comes with, from theirs.
constexpr const char* kFolders[] = {"", "../extras/CUPTI/lib64/", "../../cuda_cupti/lib/"};

struct RuntimeFolder {
  char path[PATH_MAX] = "";
};

int FindRuntime(dl_phdr_info* info, size_t, void* argument) {
  const char* const name = strrchr(info->dlpi_name, '/');
  if (name == nullptr || strncmp(name + 1, "libcudart.so", 12) != 0) return 0;
  auto* const folder = static_cast<RuntimeFolder*>(argument);
  const size_t length = static_cast<size_t>(name + 1 - info->dlpi_name);
  if (length >= sizeof(folder->path)) return 0;
  memcpy(folder->path, info->dlpi_name, length);
  folder->path[length] = '\0';
  return 1;
}

void* OpenLibrary() {
  for (const char* library : kLibraries) {
    if (void* handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL)) return handle;
  }
  RuntimeFolder runtime;
  if (dl_iterate_phdr(FindRuntime, &runtime) == 0) return nullptr;
  for (const char* library : kLibraries) {
    for (const char* folder : kFolders) {
      char path[PATH_MAX + 64];
      snprintf(path, sizeof(path), "%s%s%s", runtime.path, folder, library);
      if (void* handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL)) return handle;
    }
  }
  return nullptr;
}

}  // namespace

const char* LoadCupti(CuptiFunctions* functions) {
  void* const library = OpenLibrary();
  if (library == nullptr) {
    return "libcupti.so.13 or .12 is not found: put the folder of CUDA's CUPTI into LD_LIBRARY_PATH";
  }
  static char missing[128];
#define RANKLE_FIND(name)                                                                            \
  functions->name = reinterpret_cast<decltype(functions->name)>(dlsym(library, #name));              \
  if (functions->name == nullptr) {                                                                  \
    snprintf(missing, sizeof(missing), "this libcupti has no %s: use that of CUDA 12 or 13", #name); \
    return missing;                                                                                  \
  }
  RANKLE_CUPTI_FUNCTIONS(RANKLE_FIND)
#undef RANKLE_FIND
  return nullptr;
}

}  // namespace rankle::cupti
