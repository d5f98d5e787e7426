#include "injector/hooks/process_events.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include <atomic>
#include <typeinfo>

#include "injector/hooks/background.h"
#include "injector/hooks/dlsym.h"
#include "injector/hooks/misuse.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {

using record::Kind;
using record::LifecycleEvent;
using record::NewRecord;

namespace {

// Exceptions are everyday life in some programs: they must not push the operations out of the ring.
constexpr uint64_t kMaxExceptions = 4096;

PointerMap<uint32_t, 512> g_type_names;
std::atomic<uint64_t> g_exceptions{0};
std::atomic<bool> g_exit_seen{false};
pthread_once_t g_fork_once = PTHREAD_ONCE_INIT;

void WriteLifecycle(LifecycleEvent event, uint64_t count) {
  Process& process = TheProcess();
  if (!process.writer.is_open()) return;
  NewRecord record;
  record.kind = Kind::kLifecycle;
  record.api = static_cast<uint16_t>(event);
  record.entered_ns = MonotonicNs();
  record.count = count;
  process.writer.Write(record);
}

uint32_t TypeName(const void* key, const char* name) {
  uint32_t offset = g_type_names.Find(key, 0);
  if (offset != 0) return offset;
  offset = TheProcess().writer.String(name);
  g_type_names.Insert(key, offset);
  return offset;
}

void WriteException(const void* key, const char* type_name) {
  Process& process = TheProcess();
  if (!process.writer.is_open()) return;
  NewRecord record;
  record.kind = Kind::kException;
  record.entered_ns = MonotonicNs();
  record.site = TypeName(key, type_name);
  if (const ThreadState* thread = t_state) record.thread = thread->number;
  process.writer.Write(record);
}

void OnForkedChild() {
  g_type_names.Clear();
  g_exceptions.store(0, std::memory_order_relaxed);
  g_exit_seen.store(false, std::memory_order_relaxed);
  ForgetParent();
}

void RegisterFork() { pthread_atfork(nullptr, nullptr, OnForkedChild); }

void AtExit(int status, void*) { OnExit(status); }

}  // namespace

void WatchProcessEnd() {
  pthread_once(&g_fork_once, RegisterFork);
  on_exit(AtExit, nullptr);
}

void WatchProcessEndAgain() {
  static std::atomic<bool> done{false};
  if (!done.exchange(true)) on_exit(AtExit, nullptr);
}

void OnExit(int status) {
  if (!IsStarted() || g_exit_seen.exchange(true)) return;
  {
    const Quiet quiet;
    JoinBackground();
  }
  // Of the thread that ends the process. What others have open they may be in the middle of.
  if (t_state != nullptr) NoteGroupLeftOpen(*t_state, status & 0xff);  // as waitpid tells it
  WriteLifecycle(LifecycleEvent::kExit, static_cast<uint64_t>(static_cast<uint32_t>(status)));
  record::FileHeader* header = TheProcess().writer.header();
  if (header == nullptr) return;
  header->exit_status.store(status, std::memory_order_relaxed);
  header->ended.store(1, std::memory_order_release);
  // What follows (destructors, other handlers) may still call NCCL: without the background thread, without
  // times.
  TheProcess().times.Enable(false);
}

void OnAbort() {
  if (!IsStarted()) return;
  // An exception in flight means that std::terminate got us here.
  const auto current =
      reinterpret_cast<std::type_info* (*)()>(NextDlsym(RTLD_DEFAULT, "__cxa_current_exception_type"));
  const std::type_info* type = current != nullptr ? current() : nullptr;
  if (type != nullptr) {
    // Of the many exceptions that were thrown, this one counts.
    if (g_exceptions.load(std::memory_order_relaxed) > kMaxExceptions) WriteException(type, type->name());
    WriteLifecycle(LifecycleEvent::kTerminate, 0);
  }
  WriteLifecycle(LifecycleEvent::kAbort, 0);
}

void OnForkedParent(pid_t child) {
  if (IsStarted()) WriteLifecycle(LifecycleEvent::kForkParent, static_cast<uint64_t>(child));
}

void OnPythonException(const char* text) {
  Process& process = TheProcess();
  if (!EnsureStarted() || !process.writer.is_open()) return;
  NewRecord record;
  record.kind = Kind::kException;
  record.api = record::kExceptionOfPython;
  record.entered_ns = MonotonicNs();
  record.site = process.writer.String(text);
  process.writer.Write(record);
}

void OnThrow(const void* key, const char* type_name) {
  t_inside = 0;  // the exception may leave a hook without returning through it
  if (!IsStarted() || g_exceptions.fetch_add(1, std::memory_order_relaxed) >= kMaxExceptions) return;
  WriteException(key, type_name);
}

}  // namespace rankle::hooks
