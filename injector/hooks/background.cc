#include "injector/hooks/background.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>

#include "injector/api/table.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/inject.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"
#include "injector/hooks/samples.h"

namespace rankle::hooks {
namespace {

constexpr uint64_t kShortestPollNs = 200'000, kFirstPollNs = 1'000'000, kLongestPollNs = 20'000'000;
constexpr uint64_t kHeartbeatNs = 100'000'000;
constexpr uint64_t kCountersNs = 1'000'000'000;
constexpr uint32_t kManyInFlight = 2048;

pthread_t g_thread;
std::atomic<bool> g_running{false};
std::atomic<bool> g_stop{false};

void AddMatched() {
  Process& process = TheProcess();
  if (process.control == nullptr) return;
  static uint64_t reported[plan::kMaxFaults];
  for (size_t i = 0; i < process.plan.size(); ++i) {
    const uint64_t matched = process.engine.matched(i);
    process.control->faults[i].matched.fetch_add(matched - reported[i], std::memory_order_relaxed);
    reported[i] = matched;
  }
}

// The wait after a poll: short while things happen or much is in flight, long when nothing moves.
uint64_t NextInterval(uint64_t interval, bool changed, uint32_t in_flight) {
  if (in_flight == 0) return kHeartbeatNs;
  if (in_flight > kManyInFlight) return kShortestPollNs;
  if (changed) return kFirstPollNs;
  return std::min(std::min(interval, kLongestPollNs) * 3 / 2, kLongestPollNs);
}

void RelaxCaptureMode() {
  // Otherwise our event queries would invalidate a capture that another thread has begun in global mode.
  int relaxed = cudaStreamCaptureModeRelaxed;
  if (Cuda().exchange_capture_mode != nullptr) Cuda().exchange_capture_mode(&relaxed);
}

void* Run(void*) {
  const Quiet quiet;
  Process& process = TheProcess();
  uint64_t last_counters = 0, interval = kHeartbeatNs;
  bool relaxed = false;
  while (true) {
    const bool stop = g_stop.load(std::memory_order_acquire);
    const uint64_t now = MonotonicNs();
    bool changed = false;
    if (process.times.has_news() || process.times.in_flight() != 0) {
      if (!relaxed) RelaxCaptureMode();
      relaxed = true;
      changed = process.times.Poll(now);
    }
    DrainSamples();
    if (process.writer.is_open()) process.writer.header()->heartbeat_ns.store(now, std::memory_order_relaxed);
    if (now - last_counters >= kCountersNs || stop) {
      AddMatched();
      last_counters = now;
    }
    if (stop) return nullptr;
    if (process.engine.IsAimedAt(api::IdOf("rankleTick"))) Tick();
    interval = NextInterval(interval, changed, process.times.in_flight());
    if (process.engine.IsAimedAt(api::IdOf("rankleTick")))
      interval = std::min<uint64_t>(interval, 10'000'000);
    const uint32_t sleep = process.times.in_flight() == 0 ? DeviceTimes::kAsleep : DeviceTimes::kBetweenPolls;
    process.times.idle_word().store(sleep, std::memory_order_seq_cst);
    if (sleep != DeviceTimes::kAsleep || !process.times.has_news()) {
      FutexWait(process.times.idle_word(), sleep, interval);
    }
    process.times.idle_word().store(DeviceTimes::kAwake, std::memory_order_relaxed);
  }
}

}  // namespace

void StartBackground() {
  if (!TheProcess().writer.is_open() && TheProcess().control == nullptr) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  g_stop.store(false, std::memory_order_relaxed);
  g_running.store(pthread_create(&g_thread, nullptr, Run, nullptr) == 0, std::memory_order_relaxed);
  if (g_running.load(std::memory_order_relaxed)) pthread_setname_np(g_thread, "rankle");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void JoinBackground() {
  if (!g_running.exchange(false)) return;
  g_stop.store(true, std::memory_order_release);
  std::atomic<uint32_t>& word = TheProcess().times.idle_word();
  for (int tries = 0; tries < 100; ++tries) {  // it may have been about to sleep when it was woken
    word.store(DeviceTimes::kAwake, std::memory_order_seq_cst);
    FutexWake(word);
    timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 10'000'000;
    if (until.tv_nsec >= 1'000'000'000) {
      until.tv_nsec -= 1'000'000'000;
      ++until.tv_sec;
    }
    if (pthread_timedjoin_np(g_thread, nullptr, &until) == 0) return;
  }
  pthread_detach(g_thread);
}

void ForgetBackground() { g_running.store(false, std::memory_order_relaxed); }

}  // namespace rankle::hooks
