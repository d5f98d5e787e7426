#include "virtual_gpu/engine/ipc_event.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace rankle::vgpu {
namespace {

constexpr size_t kPageBytes = 4096;
// How often a waiter looks whether its own device was lost: the page cannot tell it.
constexpr timespec kCancelPeriod = {0, 200'000'000};

bool AtLeast(uint32_t value, uint32_t wanted) { return static_cast<int32_t>(value - wanted) >= 0; }

}  // namespace

struct IpcEventPage::Shared {
  uint64_t nonce;
  std::atomic<uint32_t> recorded;
  std::atomic<uint32_t> reached;
};

std::shared_ptr<IpcEventPage> IpcEventPage::Map(int fd) {
  if (fd < 0) return nullptr;
  void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    close(fd);
    return nullptr;
  }
  return std::shared_ptr<IpcEventPage>(new IpcEventPage(fd, static_cast<Shared*>(page)));
}

std::shared_ptr<IpcEventPage> IpcEventPage::Create() {
  const int fd = memfd_create("rankle-virtual-gpu-event", MFD_CLOEXEC);
  if (fd >= 0 && ftruncate(fd, kPageBytes) != 0) {
    close(fd);
    return nullptr;
  }
  std::shared_ptr<IpcEventPage> page = Map(fd);
  if (page != nullptr && getrandom(&page->shared_->nonce, sizeof(uint64_t), 0) != sizeof(uint64_t))
    return nullptr;
  return page;
}

std::shared_ptr<IpcEventPage> IpcEventPage::Open(int pid, int fd, uint64_t nonce) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
  std::shared_ptr<IpcEventPage> page = Map(open(path, O_RDWR | O_CLOEXEC));
  return page != nullptr && page->nonce() == nonce ? page : nullptr;
}

IpcEventPage::~IpcEventPage() {
  munmap(shared_, kPageBytes);
  close(fd_);
}

uint64_t IpcEventPage::nonce() const { return shared_->nonce; }

uint32_t IpcEventPage::NextGeneration() { return shared_->recorded.fetch_add(1) + 1; }

uint32_t IpcEventPage::recorded() const { return shared_->recorded.load(); }

bool IpcEventPage::Reached(uint32_t generation) const { return AtLeast(shared_->reached.load(), generation); }

void IpcEventPage::Reach(uint32_t generation) {
  uint32_t reached = shared_->reached.load();
  while (!AtLeast(reached, generation) && !shared_->reached.compare_exchange_weak(reached, generation)) {
  }
  syscall(SYS_futex, &shared_->reached, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool IpcEventPage::Wait(uint32_t generation, bool (*cancelled)(void*), void* context) const {
  for (;;) {
    const uint32_t reached = shared_->reached.load();
    if (AtLeast(reached, generation)) return true;
    if (cancelled(context)) return false;
    syscall(SYS_futex, &shared_->reached, FUTEX_WAIT, reached, &kCancelPeriod, nullptr, 0);
  }
}

}  // namespace rankle::vgpu
