#include "virtual_gpu/nccl/loss_watch.h"

#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

namespace rankle::virtual_nccl {
namespace {

constexpr std::chrono::milliseconds kPeriod(200);

struct Watchers {
  std::mutex mutex;
  std::set<Watched*> watched;
  pid_t owner = 0;  // the process whose thread it is: a fork takes no threads along

  void Run() {
    for (;;) {
      std::this_thread::sleep_for(kPeriod);
      const std::lock_guard<std::mutex> lock(mutex);
      for (Watched* one : watched) one->LookForLoss();
    }
  }
};

Watchers& TheWatchers() {
  static auto* watch = new Watchers;  // leaked: the thread uses it until the process is gone
  return *watch;
}

}  // namespace

void Watched::Watch() {
  Watchers& watch = TheWatchers();
  const std::lock_guard<std::mutex> lock(watch.mutex);
  watch.watched.insert(this);
  if (watch.owner == getpid()) return;
  watch.owner = getpid();
  std::thread([&watch] { watch.Run(); }).detach();
}

void Watched::Unwatch() {
  Watchers& watch = TheWatchers();
  const std::lock_guard<std::mutex> lock(watch.mutex);
  watch.watched.erase(this);
}

}  // namespace rankle::virtual_nccl
