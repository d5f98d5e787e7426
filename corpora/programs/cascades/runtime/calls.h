// The libc calls of the cascade programs. Each is inlined into the function that makes it, so that this
// function is the caller that a stack shows: a program gives every call that matters a function of its own,
// marked CASCADE_SITE.
//
// `site` is filled in by the compiler: the name of the calling function. Errors come back as from libc: -1
// and errno.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CALLS_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CALLS_H_

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "corpora/programs/cascades/runtime/clock.h"
#include "corpora/programs/cascades/runtime/ledger.h"

// A function that stays one: not inlined, cloned or merged with an equal one, whatever the optimiser thinks
// of it.
#if defined(__GNUC__) && !defined(__clang__)
#define CASCADE_SITE [[gnu::noipa]]
#else
#define CASCADE_SITE [[gnu::noinline]]
#endif
#define CASCADE_CALL [[gnu::always_inline]] inline
#define CASCADE_PERFORM(call) \
  [&]() __attribute__((always_inline)) { return call; }

namespace rankle::cascades {

template <typename Perform>
CASCADE_CALL long AtSite(const char* site, const char* call, bool zero_is_end, Perform perform) {
  long result = -1;
  if (const int error = EnterSite(site, call)) {
    errno = error;
  } else {
    result = perform();
  }
  LeaveSite(site, call, result < 0 ? errno : result == 0 && zero_is_end ? kOutcomeEnd : 0);
  return result;
}

CASCADE_CALL int CallConnect(int fd, const sockaddr* address, socklen_t length,
                             const char* site = __builtin_FUNCTION()) {
  return static_cast<int>(AtSite(site, "connect", false, CASCADE_PERFORM(::connect(fd, address, length))));
}

CASCADE_CALL int CallAccept(int fd, const char* site = __builtin_FUNCTION()) {
  return static_cast<int>(AtSite(site, "accept", false, CASCADE_PERFORM(::accept(fd, nullptr, nullptr))));
}

CASCADE_CALL long CallSend(int fd, const void* data, size_t size, const char* site = __builtin_FUNCTION()) {
  return AtSite(site, "send", false, CASCADE_PERFORM(::send(fd, data, size, MSG_NOSIGNAL)));
}

// Waits for all `size` bytes, or as long as the socket's SO_RCVTIMEO allows (then EAGAIN).
CASCADE_CALL long CallReceive(int fd, void* data, size_t size, const char* site = __builtin_FUNCTION()) {
  return AtSite(site, "recv", true, CASCADE_PERFORM(::recv(fd, data, size, MSG_WAITALL)));
}

// 0: nothing happened in time, which the ledger calls an end.
CASCADE_CALL int CallPoll(pollfd* entries, nfds_t count, int milliseconds,
                          const char* site = __builtin_FUNCTION()) {
  return static_cast<int>(AtSite(site, "poll", true, CASCADE_PERFORM(::poll(entries, count, milliseconds))));
}

CASCADE_CALL int CallOpen(const char* path, int flags, const char* site = __builtin_FUNCTION()) {
  return static_cast<int>(
      AtSite(site, "open", false, CASCADE_PERFORM(::open(path, flags | O_CLOEXEC, 0600))));
}

CASCADE_CALL long CallRead(int fd, void* data, size_t size, const char* site = __builtin_FUNCTION()) {
  return AtSite(site, "read", true, CASCADE_PERFORM(::read(fd, data, size)));
}

CASCADE_CALL long CallWrite(int fd, const void* data, size_t size, const char* site = __builtin_FUNCTION()) {
  return AtSite(site, "write", false, CASCADE_PERFORM(::write(fd, data, size)));
}

CASCADE_CALL int CallSync(int fd, const char* site = __builtin_FUNCTION()) {
  return static_cast<int>(AtSite(site, "fsync", false, CASCADE_PERFORM(::fsync(fd))));
}

CASCADE_CALL int CallRename(const char* from, const char* to, const char* site = __builtin_FUNCTION()) {
  return static_cast<int>(AtSite(site, "rename", false, CASCADE_PERFORM(::rename(from, to))));
}

CASCADE_CALL pid_t CallFork(const char* site = __builtin_FUNCTION()) {
  return static_cast<pid_t>(AtSite(site, "fork", false, CASCADE_PERFORM(::fork())));
}

CASCADE_CALL void SleepUntil(int64_t deadline, const char* site = __builtin_FUNCTION()) {
  const timespec at = ToTimespec(deadline);
  AtSite(
      site, "clock_nanosleep", false, [&]() __attribute__((always_inline)) {
        const int error = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
        if (error != 0) errno = error;
        return error == 0 ? 0 : -1;
      });
}

CASCADE_CALL void SleepFor(int milliseconds, const char* site = __builtin_FUNCTION()) {
  SleepUntil(DeadlineIn(milliseconds), site);
}

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_CALLS_H_
