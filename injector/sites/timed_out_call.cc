#include "injector/sites/timed_out_call.h"

#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "injector/hooks/os.h"

namespace rankle::sites {
namespace {

constexpr uint64_t kNsOfSecond = 1'000'000'000, kNsOfMs = 1'000'000, kNsOfUs = 1'000;
constexpr uint64_t kForEver = UINT64_MAX;

bool IsPoll(uint16_t id) { return id == api::IdOf("poll") || id == api::IdOf("ppoll"); }
bool IsSelect(uint16_t id) { return id == api::IdOf("select") || id == api::IdOf("pselect"); }

uint64_t Nanoseconds(int milliseconds) {
  return milliseconds < 0 ? kForEver : static_cast<uint64_t>(milliseconds) * kNsOfMs;
}
uint64_t Nanoseconds(const timespec* time) {
  if (time == nullptr) return kForEver;
  return static_cast<uint64_t>(time->tv_sec) * kNsOfSecond + static_cast<uint64_t>(time->tv_nsec);
}
uint64_t Nanoseconds(const timeval* time) {
  if (time == nullptr) return kForEver;
  return static_cast<uint64_t>(time->tv_sec) * kNsOfSecond + static_cast<uint64_t>(time->tv_usec) * kNsOfUs;
}

// What the program waits at most.
uint64_t TimeOf(const Visit& visit) {
  const uint16_t id = visit.call->api;
  if (id == api::IdOf("poll")) return Nanoseconds(visit.Argument<int>(2));
  if (id == api::IdOf("ppoll")) return Nanoseconds(visit.Argument<const timespec*>(2));
  if (id == api::IdOf("select")) return Nanoseconds(visit.Argument<timeval*>(4));
  if (id == api::IdOf("pselect")) return Nanoseconds(visit.Argument<const timespec*>(4));
  return Nanoseconds(visit.Argument<int>(3));  // epoll_wait, epoll_pwait
}

// The kernel says of every descriptor that it is not ready, and select's time is used up.
void ClearAnswers(const Visit& visit) {
  const uint16_t id = visit.call->api;
  if (IsPoll(id)) {
    pollfd* const fds = visit.Argument<pollfd*>(0);
    for (nfds_t i = 0; fds != nullptr && i < visit.Argument<nfds_t>(1); ++i) fds[i].revents = 0;
  }
  if (!IsSelect(id)) return;
  constexpr size_t kBits = 8 * sizeof(long);
  const int count = visit.Argument<int>(0);
  const size_t bytes = count <= 0 ? 0 : (static_cast<size_t>(count) + kBits - 1) / kBits * sizeof(long);
  for (int set = 1; set <= 3; ++set) {
    fd_set* const fds = visit.Argument<fd_set*>(set);
    if (fds != nullptr) memset(fds, 0, bytes);
  }
  if (id == api::IdOf("select") && visit.Argument<timeval*>(4) != nullptr) *visit.Argument<timeval*>(4) = {};
}

struct TimedOutCall {
  const Visit* visit;
  bool whole;
  static int64_t Invoke(void* frame) {
    const auto& self = *static_cast<const TimedOutCall*>(frame);
    if (self.whole) hooks::SleepUntil(hooks::MonotonicNs() + TimeOf(*self.visit));
    ClearAnswers(*self.visit);
    return 0;
  }
};

}  // namespace

bool CanTimeOut(const Visit& visit, bool whole) { return !whole || TimeOf(visit) != kForEver; }

int64_t RunTimedOut(const Visit& visit, bool whole) {
  TimedOutCall timed_out{&visit, whole};
  Visit instead = visit;
  instead.invoke = &TimedOutCall::Invoke;
  instead.frame = &timed_out;
  return Trace(instead);
}

}  // namespace rankle::sites
