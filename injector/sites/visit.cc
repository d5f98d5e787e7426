#include "injector/sites/visit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "injector/hooks/os.h"
#include "injector/sites/modules.h"
#include "injector/sites/process.h"

namespace rankle::sites {
namespace {

uint64_t SizeOf(const iovec* pieces, size_t count) {
  uint64_t size = 0;
  for (size_t i = 0; i < count; ++i) size += pieces[i].iov_len;
  return size;
}

Outcome OutcomeOfVisit(const Visit& visit, int64_t result, int error) {
  if (visit.outcome != nullptr) return visit.outcome(visit, result, error);
  // Only where the kernel has read the program's pointers are they known to be good.
  const uint64_t asked = visit.call->transfer != Transfer::kNone && result >= 0 ? visit.Asked() : 0;
  return OutcomeOf(*visit.call, result, error, asked);
}

// Between fork and exec there is nothing to learn but an exec that fails: no record for that.
bool IsPreparingExec(const Process& process, const Visit& visit) {
  const bool usual = visit.call->failure == Failure::kExec || visit.call->api == api::IdOf("close");
  return process.forked && usual && !process.engine.IsAimedAt(visit.call->api);
}

}  // namespace

uint64_t Visit::Asked() const {
  switch (call->transfer) {
    case Transfer::kNone:
      return 0;
    case Transfer::kSize:
      return Argument<size_t>(2);
    case Transfer::kPieces:
      return SizeOf(Argument<const iovec*>(1), static_cast<size_t>(Argument<int>(2)));
    case Transfer::kMessage: {
      const msghdr* const message = Argument<const msghdr*>(1);
      return SizeOf(message->msg_iov, message->msg_iovlen);
    }
  }
  return 0;
}

SiteEntry* SiteOf(uint16_t api, uint64_t address, uint64_t caller) {
  Recorder& recorder = TheProcess().recorder;
  const SiteKey key{api, address, caller};
  if (SiteEntry* const known = recorder.Find(key)) return known;
  if (recorder.is_full()) return nullptr;
  return recorder.Add(key, PlaceOf(address), caller != 0 ? PlaceOf(caller) : CodePlace());
}

int64_t Trace(const Visit& visit) {
  Process& process = TheProcess();
  const uint32_t forks = process.forks.load(std::memory_order_relaxed);
  const uint64_t entered = hooks::MonotonicNs();
  process.recorder.Entered(visit.site, entered);
  // The memory of a vfork's child is its parent's, who would stay "inside" for ever when the exec succeeds.
  if (visit.call->failure == Failure::kExec) LeaveHook();
  const int64_t result = visit.Invoke();
  if (process.forks.load(std::memory_order_relaxed) != forks) return result;  // the child: not its site
  const int error = errno;
  const uint64_t moved =
      visit.call->transfer != Transfer::kNone && result > 0 ? static_cast<uint64_t>(result) : 0;
  Recorder::Returned(visit.site, OutcomeOfVisit(visit, result, error), hooks::MonotonicNs() - entered, moved);
  errno = error;
  return result;
}

int64_t Run(Visit& visit) {
  const uint64_t caller = CallerOf(visit.at);
  if (caller == kOwnCaller) return visit.Invoke();
  Process& process = TheProcess();
  if (!IsReady()) {
    if (IsPreparingExec(process, visit)) {
      if (visit.call->failure == Failure::kExec) LeaveHook();
      return visit.Invoke();
    }
    if (!EnsureStarted()) return visit.Invoke();
  }
  visit.site = SiteOf(visit.call->api, visit.at.address, caller);
  return process.engine.IsAimedAt(visit.call->api) ? RunWithFaults(visit) : Trace(visit);
}

}  // namespace rankle::sites
