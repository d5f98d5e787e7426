// LD_AUDIT module: whoever looks for a CUDA or NCCL library, by bare name, through a RUNPATH or by absolute
// path, gets the stand-in of the same name from RANKLE_VGPU_LIB_DIR if there is one. LD_LIBRARY_PATH alone
// cannot do that: RPATH and absolute paths win over it. Contract: called by the dynamic linker under its own
// lock, possibly before libc is set up for the program; uses only getenv, string functions and access().
// Returned names must stay valid: they live in a static table that only grows. C, because the linker loads it
// into every process and nothing else should come along.
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { kMaxReplacements = 48, kMaxPath = 1024 };

// The families that have stand-ins; a name matches up to the end or with a version behind.
static const char* const kFamilies[] = {
    "libcudart.so",       "libcuda.so",       "libnccl.so",         "libnvidia-ml.so", "libcupti.so",
    "libcublas.so",       "libcublasLt.so",   "libcudnn.so",        "libcufft.so",     "libcufftw.so",
    "libcufile.so",       "libcurand.so",     "libcusolver.so",     "libcusparse.so",  "libcusparseLt.so",
    "libnvJitLink.so",    "libnvrtc.so",      "libnvshmem_host.so",
};

static char g_paths[kMaxReplacements][kMaxPath];
static int g_path_count;

static int IsStandIn(const char* base_name) {
  for (size_t i = 0; i < sizeof(kFamilies) / sizeof(kFamilies[0]); ++i) {
    const size_t length = strlen(kFamilies[i]);
    if (strncmp(base_name, kFamilies[i], length) != 0) continue;
    if (base_name[length] == '\0' || base_name[length] == '.') return 1;
  }
  return 0;
}

// The stand-in's path with a lifetime of the process, NULL when it does not exist.
static char* StandInPath(const char* directory, const char* base_name) {
  char path[kMaxPath];
  const int length = snprintf(path, sizeof(path), "%s/%s", directory, base_name);
  if (length < 0 || length >= (int)sizeof(path)) return NULL;
  for (int i = 0; i < g_path_count; ++i) {
    if (strcmp(g_paths[i], path) == 0) return g_paths[i];
  }
  if (g_path_count == kMaxReplacements || access(path, R_OK) != 0) return NULL;
  memcpy(g_paths[g_path_count], path, (size_t)length + 1);
  return g_paths[g_path_count++];
}

EXPORT unsigned int la_version(unsigned int version) { return version < LAV_CURRENT ? version : LAV_CURRENT; }

EXPORT char* la_objsearch(const char* name, uintptr_t* cookie, unsigned int flag) {
  (void)cookie;
  (void)flag;
  const char* directory = getenv("RANKLE_VGPU_LIB_DIR");
  const char* slash = strrchr(name, '/');
  const char* base_name = slash == NULL ? name : slash + 1;
  if (directory == NULL || directory[0] == '\0' || !IsStandIn(base_name)) return (char*)name;
  char* replacement = StandInPath(directory, base_name);
  return replacement == NULL ? (char*)name : replacement;
}
