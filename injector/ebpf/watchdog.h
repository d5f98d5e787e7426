// A small process that outlives this one, should it be killed: it continues the processes that faults may
// have stopped. It holds nothing but a pipe and a page of pids; when the other end of the pipe closes it
// sends SIGCONT to every listed process that stands still, and ends. Listed are processes in which a stopping
// fault is armed, or that are held for a moment while their libraries are looked at.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"

namespace rankle::ebpf {

class Watchdog {
 public:
  // To be started before threads and before anything that must go with this process is opened.
  static absl::StatusOr<Watchdog> Start();
  Watchdog(Watchdog&& other) noexcept;
  Watchdog& operator=(Watchdog&&) = delete;
  ~Watchdog();  // ends it; nothing is continued

  // A full list is not an error: its processes are those of the target table, which is smaller.
  void Add(uint32_t process);
  void Remove(uint32_t process);
  pid_t pid() const { return pid_; }

 private:
  struct Page;
  Watchdog(Page* page, int pipe, pid_t pid) : page_(page), pipe_(pipe), pid_(pid) {}
  Page* page_;
  int pipe_;
  pid_t pid_;
};

}  // namespace rankle::ebpf
