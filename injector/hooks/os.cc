#include "injector/hooks/os.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace rankle::hooks {
namespace {

uint64_t Now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

timespec ToTimespec(uint64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

// Copies while there is room; returns the new end.
char* Append(char* to, const char* end, const char* text) {
  while (*text != '\0' && to < end) *to++ = *text++;
  return to;
}

}  // namespace

uint64_t MonotonicNs() { return Now(CLOCK_MONOTONIC); }
uint64_t RealtimeNs() { return Now(CLOCK_REALTIME); }

void SleepUntil(uint64_t monotonic_ns) {
  const timespec until = ToTimespec(monotonic_ns);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

void FutexWait(const std::atomic<uint32_t>& word, uint32_t expected, uint64_t timeout_ns) {
  const timespec timeout = ToTimespec(timeout_ns);
  syscall(SYS_futex, &word, FUTEX_WAIT, expected, &timeout, nullptr, 0);
}

void FutexWake(const std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

void Message(const char* text, const char* detail) {
  char line[512];
  char digits[12];
  char* digit = digits + sizeof(digits) - 1;
  *digit = '\0';
  for (auto pid = static_cast<unsigned>(getpid()); pid != 0; pid /= 10)
    *--digit = static_cast<char>('0' + pid % 10);
  const char* end = line + sizeof(line) - 1;
  char* at = Append(line, end, "rankle[");
  at = Append(at, end, digit);
  at = Append(at, end, "]: ");
  at = Append(at, end, text);
  at = Append(at, end, detail);
  *at++ = '\n';
  const int saved = errno;
  if (write(STDERR_FILENO, line, static_cast<size_t>(at - line)) < 0) errno = saved;
  errno = saved;
}

uint64_t HashCombine(uint64_t a, uint64_t b) {
  uint64_t x = a ^ (b + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2));
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  x ^= x >> 33;
  return x;
}

uint64_t HashBytes(const void* bytes, uint64_t size, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ull;
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (uint64_t i = 0; i < size; ++i) hash = (hash ^ at[i]) * 0x100000001b3ull;
  return HashCombine(hash, seed);
}

}  // namespace rankle::hooks
