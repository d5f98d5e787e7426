// Opens librankle-vgpu-gloo.so, which lies beside this library. A program that is itself linked to PyTorch
// has another Gloo in its global scope; then the library's own is put in front of that (RTLD_DEEPBIND). Not
// otherwise: what stands in front of libc on purpose, as fault injection does, must go on standing there.
#include <dlfcn.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "virtual_gpu/nccl/connections.h"

namespace rankle::virtual_nccl {
namespace {

// gloo::Context::Context(int, int, int): any public name of Gloo would do.
constexpr char kNameOfGloo[] = "_ZN4gloo7ContextC1Eiii";

std::string FolderOfThisLibrary() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&FolderOfThisLibrary), &info) == 0 || info.dli_fname == nullptr)
    return ".";
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

absl::StatusOr<ConnectFunction*> Open() {
  const std::string path = FolderOfThisLibrary() + "/librankle-vgpu-gloo.so";
  int mode = RTLD_NOW | RTLD_LOCAL;
#ifndef __SANITIZE_ADDRESS__  // its runtime refuses the flag
  if (dlsym(RTLD_DEFAULT, kNameOfGloo) != nullptr) mode |= RTLD_DEEPBIND;
#endif
  void* const library = dlopen(path.c_str(), mode);
  if (library == nullptr)
    return absl::NotFoundError(
        absl::StrCat("virtual NCCL: cannot open ", path, ": ", dlerror(), ": install it again"));
  auto* const entry = reinterpret_cast<ConnectFunction* (*)()>(dlsym(library, "rankleVgpuGloo"));
  if (entry == nullptr)
    return absl::NotFoundError(
        absl::StrCat("virtual NCCL: ", path, " is of another version: install it again"));
  return entry();
}

}  // namespace

absl::StatusOr<ConnectFunction*> GlooConnect() {
  static const auto* opened = new absl::StatusOr<ConnectFunction*>(Open());
  return *opened;
}

}  // namespace rankle::virtual_nccl
