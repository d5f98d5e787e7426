// The communicators of this process: identity, numbering of their operations, and what was asked of them.
// Lock-free look-up by handle; creation and end are rare and serialised by the caller's own use of NCCL.
#pragma once

#include <nccl.h>

#include <atomic>
#include <cstdint>

#include "injector/hooks/pointer_map.h"
#include "tracer/record/format.h"

namespace rankle::hooks {

// All zero until allocated: the table lies in zero pages that cost nothing until they are used.
struct Comm {
  std::atomic<bool> used{false};
  std::atomic<ncclComm_t> handle{nullptr};
  uint64_t id = 0;
  uint16_t index = 0;  // in the flight record
  std::atomic<int32_t> rank{0}, size{0}, device{0};
  char name[64] = {};
  std::atomic<uint32_t> seq{0}, p2p_seq{0};  // operations entered
  std::atomic<uint32_t> splits{0}, shrinks{0}, grows{0};
  std::atomic<int> injected_error{0};   // `async-error`: what ncclCommGetAsyncError reports from then on
  std::atomic<uint32_t> seen_error{0};  // the first asynchronous error that was recorded
  std::atomic<uint64_t> ended_ns{0};    // abort or revoke was entered then: what completes later was cut off
  std::atomic<bool> ready{false};
  std::atomic<bool> in_progress{false};  // a call answered so, and no poll has seen its end

  std::atomic<uint32_t>& counter(bool p2p) { return p2p ? p2p_seq : seq; }
};

class CommTable {
 public:
  // nullptr when the handle is null or was created before the hooks saw it.
  Comm* Find(ncclComm_t handle) const { return map_.Find(handle, nullptr); }
  // A fresh entry that no handle leads to yet; nullptr when there are too many communicators.
  Comm* Allocate();
  void Bind(ncclComm_t handle, Comm* comm);
  // The handle is being freed: the entry may serve another communicator after many others, and until the
  // handle is bound again, who uses it uses freed memory.
  void Release(ncclComm_t handle);
  // Index + 1 in the flight record of the communicator that had this handle and was freed, 0 = none had.
  uint32_t FreedWith(ncclComm_t handle) const { return freed_.Find(handle, 0); }
  // A communicator was made that the table has no place for: any freed handle may be its.
  void ForgetFreed() { freed_.Clear(); }
  // For `mutate comm`: living communicators counted from 0 in the order of creation; nullptr / -1 when there
  // is none.
  ncclComm_t HandleAt(int64_t position) const;
  int64_t PositionOf(ncclComm_t handle) const;
  void Clear();

 private:
  static constexpr uint32_t kMaxComms = 2048;
  PointerMap<Comm*, 4096> map_;
  PointerMap<uint32_t, 4096> freed_;
  Comm comms_[kMaxComms];
  std::atomic<uint32_t> next_{0};
};

// What a framework calls a communicator that it made without a name (rankle's agent asks PyTorch for the
// handle). From any thread; a name that the program gave stays. Unknown handles are passed over.
void NameCommunicator(ncclComm_t handle, const char* name);

}  // namespace rankle::hooks
