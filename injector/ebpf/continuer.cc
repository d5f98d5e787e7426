#include "injector/ebpf/continuer.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>

namespace rankle::ebpf {
namespace {

// How often a stop without an end looks whether it was released.
constexpr uint64_t kLookNs = 50'000'000;
// The last part of a wait is slept to the nanosecond: a poll wakes up to a millisecond late.
constexpr uint64_t kExactNs = 2'000'000;

void SleepUntil(uint64_t monotonic_ns) {
  const timespec until{static_cast<time_t>(monotonic_ns / 1'000'000'000),
                       static_cast<long>(monotonic_ns % 1'000'000'000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

}  // namespace

Continuer::Continuer(Stops stops) : stops_(std::move(stops)), thread_([this] { Run(); }) {
  const sched_param priority{.sched_priority = 1};
  pthread_setschedparam(thread_.native_handle(), SCHED_FIFO, &priority);  // where it is allowed
}

Continuer::~Continuer() {
  quit_ = true;
  thread_.join();
  End(stops_.now(), /*all=*/true);
}

void Continuer::Run() {
  while (!quit_) {
    const uint64_t now = stops_.now();
    stops_.read(NextTimeoutMs(now), [this](const rankle_fault_event& event) {
      const uint64_t length = stops_.length_ns(event);
      const std::lock_guard lock(mutex_);
      active_.push_back({event.event.process, event.event.thread, event.fault,
                         length == 0 ? UINT64_MAX : event.event.time_ns + length});
    });
    uint64_t next = UINT64_MAX;
    {
      const std::lock_guard lock(mutex_);
      for (const Stop& stop : active_) next = std::min(next, stop.due_ns);
    }
    const uint64_t after = stops_.now();
    if (next != UINT64_MAX && next > after && next - after <= kExactNs) SleepUntil(next);
    End(stops_.now(), /*all=*/false);
  }
}

int Continuer::NextTimeoutMs(uint64_t now_ns) {
  const std::lock_guard lock(mutex_);
  uint64_t wait = kLookNs;
  for (const Stop& stop : active_) {
    if (stop.due_ns == UINT64_MAX) continue;
    wait = std::min(wait, stop.due_ns > now_ns + kExactNs ? stop.due_ns - now_ns - kExactNs : 0);
  }
  return static_cast<int>(wait / 1'000'000);
}

void Continuer::End(uint64_t now_ns, bool all) {
  const std::lock_guard lock(mutex_);
  std::vector<uint32_t> processes;
  const auto over = std::partition(active_.begin(), active_.end(), [&](const Stop& stop) {
    return !all && now_ns < stop.due_ns && !(stop.due_ns == UINT64_MAX && stops_.released(stop.fault));
  });
  for (auto stop = over; stop != active_.end(); ++stop) processes.push_back(stop->process);
  std::vector<Stop> ended(over, active_.end());
  active_.erase(over, active_.end());
  for (const uint32_t process : processes) {
    // Another stop of the same process goes on: it stays where it is.
    if (std::none_of(active_.begin(), active_.end(),
                     [&](const Stop& stop) { return stop.process == process; }))
      stops_.resume(process);
  }
  const uint64_t resumed_ns = stops_.now();
  for (const Stop& stop : ended) ended_[{stop.process, stop.thread}] = resumed_ns;
}

std::optional<uint64_t> Continuer::Ended(uint32_t process, uint32_t thread) {
  const std::lock_guard lock(mutex_);
  const auto found = ended_.find({process, thread});
  if (found == ended_.end()) return std::nullopt;
  const uint64_t when = found->second;
  ended_.erase(found);
  return when;
}

uint32_t Continuer::hanging(uint32_t fault) {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(std::count_if(active_.begin(), active_.end(), [&](const Stop& stop) {
    return stop.fault == fault && stop.due_ns == UINT64_MAX;
  }));
}

}  // namespace rankle::ebpf
