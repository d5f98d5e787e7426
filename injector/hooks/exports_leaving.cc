// Stands in front of longjmp and of what ends a thread or the process (leaving.h). A handler that jumps about
// within itself leaves the interrupted hook too early: its further calls are then seen as the program's own.
#include <stddef.h>
#include <stdlib.h>

#include <atomic>

#include "injector/hooks/export.h"
#include "injector/hooks/leaving.h"

namespace rankle {
namespace {

enum Leaver : size_t { kLongjmp, kPlainLongjmp, kSiglongjmp, kCheckedLongjmp, kExit, kThreadExit, kLeavers };
constexpr const char* kNames[kLeavers] = {"longjmp",       "_longjmp", "siglongjmp",
                                          "__longjmp_chk", "exit",     "pthread_exit"};
constinit std::atomic<void*> g_next[kLeavers];

void* Find(size_t leaver) {
  void* const found = NextFunction(kNames[leaver]);
  g_next[leaver].store(found, std::memory_order_relaxed);
  return found;
}

// Before a signal handler needs them: looking up is nothing for one.
__attribute__((constructor)) void FindAll() {
  for (size_t leaver = 0; leaver < kLeavers; ++leaver) Find(leaver);
}

// No frame of ours stays where the compiler makes this a jump; pthread_exit unwinds through it where not.
template <typename... Arguments>
[[noreturn]] void Leave(Leaver leaver, Arguments... arguments) {
  LeaveHookByJump();
  void* next = g_next[leaver].load(std::memory_order_relaxed);
  if (next == nullptr) next = Find(leaver);
  if (next != nullptr) reinterpret_cast<void (*)(Arguments...)>(next)(arguments...);
  abort();
}

}  // namespace

// Defined under names of their own: the headers' declarations differ from one C library to the next.
#define RANKLE_LEAVER(symbol, leaver, parameters, ...)                                    \
  extern "C" [[noreturn]] RANKLE_EXPORT void rankle_##symbol parameters __asm__(#symbol); \
  extern "C" void rankle_##symbol parameters { Leave(leaver, __VA_ARGS__); }

RANKLE_LEAVER(longjmp, kLongjmp, (void* place, int value), place, value)
RANKLE_LEAVER(_longjmp, kPlainLongjmp, (void* place, int value), place, value)
RANKLE_LEAVER(siglongjmp, kSiglongjmp, (void* place, int value), place, value)
RANKLE_LEAVER(__longjmp_chk, kCheckedLongjmp, (void* place, int value), place, value)
RANKLE_LEAVER(exit, kExit, (int status), status)
RANKLE_LEAVER(pthread_exit, kThreadExit, (void* result), result)

}  // namespace rankle
