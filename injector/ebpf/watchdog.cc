#include "injector/ebpf/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tracer/ebpf/process_info.h"
#include "tracer/ebpf/wire.h"

namespace rankle::ebpf {

struct Watchdog::Page {
  std::atomic<uint32_t> orderly;                      // 1: this end is on purpose, there is nothing to do
  std::atomic<uint32_t> process[RANKLE_MAX_TARGETS];  // 0 = free
};

namespace {

// How often it looks whether the killed process is gone for good.
constexpr useconds_t kLookUs = 10'000;

void ContinueListed(const std::atomic<uint32_t>* processes) {
  for (int i = 0; i < RANKLE_MAX_TARGETS; ++i) {
    const auto pid = static_cast<int>(processes[i].load());
    if (pid != 0 && StateOf(pid) == 'T') kill(pid, SIGCONT);
  }
}

}  // namespace

absl::StatusOr<Watchdog> Watchdog::Start() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return absl::InternalError(absl::StrCat("watchdog: no pipe: ", strerror(errno)));
  void* const memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const pid_t parent = getpid();
  const pid_t pid = memory == MAP_FAILED ? -1 : fork();
  if (pid < 0) {
    const int error = errno;
    close(ends[0]), close(ends[1]);
    if (memory != MAP_FAILED) munmap(memory, sizeof(Page));
    return absl::InternalError(absl::StrCat("watchdog: cannot be started: ", strerror(error)));
  }
  auto* const page = static_cast<Page*>(memory);
  if (pid > 0) {
    close(ends[0]);
    return Watchdog(page, ends[1], pid);
  }
  close(ends[1]);
  setsid();  // the terminal's signals are not for it
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  prctl(PR_SET_NAME, "rankle-watchdog");
  char byte = 0;
  while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {
  }
  if (page->orderly.load() == 0) {
    ContinueListed(page->process);
    // The pipe may close before the probes are gone: what those stop in between has to go on as well.
    while (getppid() == parent) usleep(kLookUs);
    ContinueListed(page->process);
  }
  _exit(0);
}

Watchdog::Watchdog(Watchdog&& other) noexcept : page_(other.page_), pipe_(other.pipe_), pid_(other.pid_) {
  other.page_ = nullptr, other.pipe_ = -1, other.pid_ = -1;
}

Watchdog::~Watchdog() {
  if (page_ == nullptr) return;
  page_->orderly = 1;
  close(pipe_);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  munmap(page_, sizeof(Page));
}

void Watchdog::Add(uint32_t process) {
  for (std::atomic<uint32_t>& slot : page_->process) {
    uint32_t none = 0;
    if (slot.load() == process || slot.compare_exchange_strong(none, process)) return;
  }
}

void Watchdog::Remove(uint32_t process) {
  for (std::atomic<uint32_t>& slot : page_->process) {
    if (slot.load() == process) slot = 0;
  }
}

}  // namespace rankle::ebpf
