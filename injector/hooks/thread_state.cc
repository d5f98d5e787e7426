#include "injector/hooks/thread_state.h"

#include <pthread.h>

#include <atomic>

#include "injector/hooks/misuse.h"

namespace rankle::hooks {

constinit thread_local uintptr_t t_inside = 0;
constinit thread_local ThreadState* t_state = nullptr;

namespace {

constexpr uint32_t kMaxThreads = 256;
// Hooks run before our constructors: nothing here may have one.
constinit ThreadState g_states[kMaxThreads];
constinit std::atomic<bool> g_taken[kMaxThreads];
std::atomic<uint32_t> g_last_number{0};
std::atomic<bool> g_exhausted{false};
pthread_key_t g_key;
pthread_once_t g_key_once = PTHREAD_ONCE_INIT;

void GiveBack(void* state) {
  NoteGroupLeftOpen(*static_cast<ThreadState*>(state));
  t_state = nullptr;
  g_taken[static_cast<ThreadState*>(state) - g_states].store(false, std::memory_order_release);
}

void MakeKey() { pthread_key_create(&g_key, GiveBack); }

void Begin(ThreadState* state) {
  state->number = static_cast<uint16_t>(g_last_number.fetch_add(1, std::memory_order_relaxed) + 1);
  state->group = 0;
  state->group_depth = state->operations = state->creations = state->actions = 0;
}

}  // namespace

ThreadState* AcquireThreadState() {
  if (g_exhausted.load(std::memory_order_relaxed)) return nullptr;
  pthread_once(&g_key_once, MakeKey);
  for (uint32_t i = 0; i < kMaxThreads; ++i) {
    bool taken = false;
    if (!g_taken[i].compare_exchange_strong(taken, true, std::memory_order_acquire)) continue;
    Begin(&g_states[i]);
    t_state = &g_states[i];
    pthread_setspecific(g_key, t_state);
    return t_state;
  }
  g_exhausted.store(true, std::memory_order_relaxed);
  return nullptr;
}

void ResetThreadStates() {
  for (uint32_t i = 0; i < kMaxThreads; ++i) {
    if (&g_states[i] != t_state) g_taken[i].store(false, std::memory_order_relaxed);
  }
  g_last_number.store(0, std::memory_order_relaxed);
  g_exhausted.store(false, std::memory_order_relaxed);
  if (t_state != nullptr) Begin(t_state);
}

}  // namespace rankle::hooks
