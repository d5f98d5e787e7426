#include "cli/inspect/machine.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "cli/inspect/elf_program.h"
#include "cli/launch/command_path.h"
#include "cli/launch/installation.h"
#include "cli/launch/loader_path.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using State = Check::State;

std::string SearchPath() {
  const char* path = getenv("PATH");
  return path ? path : "/usr/bin:/bin";
}

Check FileCheck(std::string name, const std::string& path, State when_missing, std::string_view consequence) {
  if (FileExists(path)) return {std::move(name), State::kOk, path};
  return {std::move(name), when_missing, Cat(path, " is missing: ", consequence)};
}

// Loads the library to see whether the loader finds it, and where. Its version function, when it has one,
// says which.
Check LibraryCheck(std::string name, const std::vector<const char*>& sonames, const char* version_function) {
  for (const char* soname : sonames) {
    void* library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (!library) continue;
    std::string detail = soname;
    int version = 0;
    if (void* function = version_function ? dlsym(library, version_function) : nullptr) {
      if (reinterpret_cast<int (*)(int*)>(function)(&version) == 0) detail += Cat(", version ", version);
    }
    dlclose(library);
    return {std::move(name), State::kOk, detail};
  }
  return {std::move(name), State::kMissing,
          Cat(sonames.front(), " is not found by the loader: real GPUs cannot be used, virtual GPUs can")};
}

Check GpuCheck() {
  std::error_code error;
  int count = 0;
  for (fs::directory_iterator it("/proc/driver/nvidia/gpus", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  if (count > 0) return {"GPUs", State::kOk, Cat(count, " (NVIDIA)")};
  return {"GPUs", State::kMissing, "none: use --virtual-gpus N"};
}

Check ToolCheck(const char* tool, std::string_view consequence) {
  const absl::StatusOr<std::string> path = FindCommand(tool, SearchPath());
  if (path.ok()) return {tool, State::kOk, *path};
  return {tool, State::kMissing, Cat("not installed: ", consequence)};
}

Check KernelCheck() {
  utsname info;
  uname(&info);
  return {"system", State::kOk,
          Cat(info.sysname, " ", info.release, ", glibc ", gnu_get_libc_version(), ", ",
              std::thread::hardware_concurrency(), " cores")};
}

Check SharedMemoryCheck() {
  struct statvfs info;
  if (statvfs("/dev/shm", &info) != 0) {
    return {"shared memory", State::kMissing, "/dev/shm is not mounted: NCCL on one host needs it"};
  }
  const uint64_t free_mib = static_cast<uint64_t>(info.f_bavail) * info.f_frsize >> 20;
  return {"shared memory", free_mib > 64 ? State::kOk : State::kMissing,
          Cat("/dev/shm, ", free_mib, " MiB free")};
}

// The loader's variables cannot hold every path (loader_path.h).
Check LoaderPathCheck(const Installation& installation) {
  if (IsLoaderPath(installation.prefix)) return {"loader path", State::kOk, installation.prefix};
  return {"loader path", State::kMissing,
          Cat(installation.prefix,
              " has a blank, colon or semicolon, which the loader takes apart: `run` preloads "
              "through links in the output directory, whose path must have none")};
}

}  // namespace

std::vector<Check> CheckInstallationFiles() {
  const Installation& installation = ThisInstallation();
  return {
      FileCheck(
          "interposer", installation.hooks_library, State::kBroken,
          "nothing can be recorded or injected; it is built where CUDA headers are (scripts/install-deps)"),
      FileCheck("CUPTI", installation.cupti_library, State::kMissing,
                "`rankle run --cupti` is refused; it is built where the CUDA toolkit has CUPTI's headers"),
      FileCheck("call sites", installation.libc_library, State::kMissing,
                "`rankle run --sites` and faults aimed at the C library are refused; they need glibc 2.35"),
      FileCheck(
          "source parser", installation.source_program, State::kMissing,
          "`rankle points`, `instrument` and `lint` do not work; it is built where clang 19's libraries are "
          "(scripts/install-deps)"),
      FileCheck("virtual GPUs", installation.virtual_gpu_dir, State::kMissing,
                "--virtual-gpus does not work; they are built where CUDA headers and Gloo are "
                "(scripts/install-deps)"),
      FileCheck("loader audit", installation.audit_library, State::kMissing,
                "programs that find CUDA by RUNPATH or absolute path do not see the virtual GPUs"),
      LoaderPathCheck(installation),
  };
}

std::vector<Check> CheckMachine() {
  return {
      KernelCheck(),
      GpuCheck(),
      LibraryCheck("CUDA driver", {"libcuda.so.1"}, "cuDriverGetVersion"),
      LibraryCheck("CUDA runtime", {"libcudart.so.13", "libcudart.so.12"}, "cudaRuntimeGetVersion"),
      LibraryCheck("NCCL", {"libnccl.so.2"}, "ncclGetVersion"),
      SharedMemoryCheck(),
      ToolCheck("gdb", "stacks of a hung process are not shown"),
  };
}

Check CheckCommand(const std::string& command) {
  const absl::StatusOr<std::string> path = FindCommand(command, SearchPath());
  if (!path.ok()) return {"command", State::kBroken, std::string(path.status().message())};
  std::string reason = WhyNotTraceable(*path);
  if (reason.empty()) return {"command", State::kOk, Cat(*path, ": traceable by preload")};
  return {"command", State::kBroken, std::move(reason)};
}

}  // namespace rankle::cli
