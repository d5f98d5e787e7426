// dlsym and dlvsym: programs that load NCCL or CUDA by hand get our wrappers too.
//
// What must not change for everyone else: RTLD_NEXT and dlerror() depend on the caller, which the loader
// finds from the return address. So the exported functions are written in assembly: they ask the filter below
// and, when it has no answer, jump to the next dlsym with the caller's own arguments, stack and return
// address.
#include "injector/hooks/dlsym.h"

#include <dlfcn.h>

#include <atomic>

#include "injector/hooks/elf_lookup.h"
#include "injector/hooks/os.h"
#include "injector/hooks/symbols.h"
#include "injector/hooks/thread_state.h"

namespace rankle::hooks {
namespace {

using Dlsym = void* (*)(void*, const char*);

// The C library's own function; libdl holds it before glibc 2.34.
void* FromLibc(const char* name) {
  void* found = FindInLoadedLibrary("libc.so", name);
  return found != nullptr ? found : FindInLoadedLibrary("libdl.so", name);
}

}  // namespace

extern "C" {
// Where the assembly jumps to; set before the first jump.
__attribute__((visibility("hidden"))) std::atomic<void*> rankle_next_dlsym{nullptr};
__attribute__((visibility("hidden"))) std::atomic<void*> rankle_next_dlvsym{nullptr};
}

namespace {

// Another preloaded library may stand between us and libc: it keeps its place.
void FindNext() {
  if (rankle_next_dlvsym.load(std::memory_order_acquire) != nullptr) return;
  const auto libc_dlsym = reinterpret_cast<Dlsym>(FromLibc("dlsym"));
  void* next = libc_dlsym(RTLD_NEXT, "dlsym");
  rankle_next_dlsym.store(next != nullptr ? next : reinterpret_cast<void*>(libc_dlsym),
                          std::memory_order_release);
  void* next_versioned = libc_dlsym(RTLD_NEXT, "dlvsym");
  rankle_next_dlvsym.store(next_versioned != nullptr ? next_versioned : FromLibc("dlvsym"),
                           std::memory_order_release);
}

}  // namespace

void* NextDlsym(void* handle, const char* name) {
  FindNext();
  return reinterpret_cast<Dlsym>(rankle_next_dlsym.load(std::memory_order_acquire))(handle, name);
}

// The assembly turns this into a null pointer.
void* const kAbsent = reinterpret_cast<void*>(~uintptr_t{0});

// The answer of dlsym/dlvsym, or nullptr when the next one must answer.
extern "C" __attribute__((visibility("hidden"), used)) void* rankle_filter_dlsym(void* handle,
                                                                                 const char* name,
                                                                                 const void* caller) {
  FindNext();
  if (handle == RTLD_NEXT || name == nullptr || t_inside != 0) return nullptr;
  if ((name[0] != 'n' && name[0] != 'c')) return nullptr;
  const int slot = FindSymbol(name);
  if (slot < 0) return nullptr;
  const Symbol& symbol = kSymbols.symbols[slot];
  void* real = NextDlsym(handle, name);
  // RTLD_DEFAULT finds our own wrapper even where the program's NCCL lacks the function: then say that it is
  // absent.
  if (real == symbol.wrapper && RealFunction(static_cast<size_t>(slot)) == nullptr) {
    NextDlsym(RTLD_DEFAULT,
              "a function that the loaded NCCL or CUDA library does not have");  // for dlerror()
    return kAbsent;
  }
  if (real == nullptr || real == symbol.wrapper || IsInsideCudaLibrary(caller) ||
      !IsInsideCudaLibrary(real)) {
    return nullptr;
  }
  void* expected = nullptr;
  kSymbols.real[slot].compare_exchange_strong(expected, real, std::memory_order_acq_rel);
  if (expected != nullptr && expected != real) {
    static std::atomic<bool> said{false};
    if (!said.exchange(true)) {
      Message("two copies of one library are loaded; calls into the second one are not traced: ", name);
    }
    return nullptr;
  }
  return symbol.wrapper;
}

}  // namespace rankle::hooks

// Both functions keep their argument registers and the stack as the caller left them.
#if defined(__x86_64__)
#define RANKLE_LOOKUP(NAME)                                        \
  asm(".text\n.globl " #NAME "\n.type " #NAME ",@function\n" #NAME \
      ":\n"                                                        \
      "  .cfi_startproc\n"                                         \
      "  endbr64\n"                                                \
      "  push %rdi\n  .cfi_adjust_cfa_offset 8\n"                  \
      "  push %rsi\n  .cfi_adjust_cfa_offset 8\n"                  \
      "  push %rdx\n  .cfi_adjust_cfa_offset 8\n"                  \
      "  mov 24(%rsp), %rdx\n"                                     \
      "  call rankle_filter_dlsym\n"                               \
      "  pop %rdx\n  .cfi_adjust_cfa_offset -8\n"                  \
      "  pop %rsi\n  .cfi_adjust_cfa_offset -8\n"                  \
      "  pop %rdi\n  .cfi_adjust_cfa_offset -8\n"                  \
      "  test %rax, %rax\n"                                        \
      "  jne 1f\n"                                                 \
      "  jmp *rankle_next_" #NAME                                  \
      "(%rip)\n"                                                   \
      "1: cmp $-1, %rax\n"                                         \
      "  jne 2f\n"                                                 \
      "  xor %eax, %eax\n"                                         \
      "2: ret\n"                                                   \
      "  .cfi_endproc\n.size " #NAME ", .-" #NAME "\n")
#elif defined(__aarch64__)
#define RANKLE_LOOKUP(NAME)                                        \
  asm(".text\n.globl " #NAME "\n.type " #NAME ",%function\n" #NAME \
      ":\n"                                                        \
      "  stp x0, x1, [sp, #-32]!\n"                                \
      "  stp x2, x30, [sp, #16]\n"                                 \
      "  mov x2, x30\n"                                            \
      "  bl rankle_filter_dlsym\n"                                 \
      "  mov x9, x0\n"                                             \
      "  ldp x2, x30, [sp, #16]\n"                                 \
      "  ldp x0, x1, [sp], #32\n"                                  \
      "  cbnz x9, 1f\n"                                            \
      "  adrp x9, rankle_next_" #NAME                              \
      "\n"                                                         \
      "  ldr x9, [x9, #:lo12:rankle_next_" #NAME                   \
      "]\n"                                                        \
      "  br x9\n"                                                  \
      "1: cmn x9, #1\n"                                            \
      "  csel x0, xzr, x9, eq\n"                                   \
      "  ret\n.size " #NAME ", .-" #NAME "\n")
#else
#error "dlsym interposition: write the jump for this processor"
#endif

RANKLE_LOOKUP(dlsym);
RANKLE_LOOKUP(dlvsym);
