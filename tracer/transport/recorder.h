// Writes one transport record (format.h). Made for use inside NCCL's proxy threads: after Create nothing here
// allocates, locks, logs, throws or makes a system call, and everything may be called from any thread. Times
// are CLOCK_MONOTONIC ns, given by the caller.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tracer/files/identity.h"
#include "tracer/transport/format.h"

namespace rankle::transport {

struct OperationIdentity {
  const char* function = "";
  uint64_t count = 0, sequence = 0;
  int32_t peer = -1;
};

class Recorder {
 public:
  Recorder() = default;
  ~Recorder();  // unmaps; the file stays
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Creates the file at full size (blocks reserved) and maps it. Returns 0 or an errno value; on error the
  // recorder stays closed. Not thread safe.
  int Create(const char* path, const files::Identity& identity);
  bool is_open() const { return header_ != nullptr; }
  FileHeader* header() { return header_; }

  // nullptr when the table is full (counted).
  CommEntry* AddComm(uint64_t now_ns, uint64_t hash, int32_t rank, int32_t nranks, const char* name);
  // Finds or adds; nullptr when the table is full (counted).
  LinkEntry* Link(const CommEntry* comm, int self, int peer, int channel, bool is_send);

  // Its number; 0 when all slots have transfers in flight (counted).
  uint32_t BeginOperation(const CommEntry* comm, const OperationIdentity& identity, uint64_t now_ns);
  // A link begins, or has ended, to carry its part of an operation. `operation` may be 0 or forgotten by now.
  void BeginTransfer(uint32_t operation);
  void EndTransfer(uint32_t operation);

  // A step begins. nullptr when no slot is free: nobody will hear of its end, so it is counted as dropped
  // only.
  StepSlot* Begin(LinkEntry* link, uint32_t operation, uint32_t step, uint64_t now_ns);
  // `bytes` 0 = not known.
  static void SetMoving(StepSlot* step, uint32_t bytes, uint64_t now_ns) {
    step->bytes = bytes, step->moving_ns = now_ns;
  }
  static void SetArrived(StepSlot* step, uint32_t bytes, uint64_t now_ns) {
    step->bytes = bytes, step->arrived_ns = now_ns;
  }
  // Bytes that no step told of.
  void AddBytes(LinkEntry* link, uint64_t bytes, uint64_t now_ns);
  // The step is through; its slot is free afterwards.
  void End(StepSlot* step, uint64_t now_ns);

  LinkEntry* LinkAt(uint32_t index) const { return index < kLinkCapacity ? links_ + index : nullptr; }
  StepSlot* StepAt(uint32_t index) const { return index < kStepCapacity ? steps_ + index : nullptr; }
  uint32_t IndexOf(const LinkEntry* link) const { return static_cast<uint32_t>(link - links_); }
  uint32_t IndexOf(const StepSlot* step) const { return static_cast<uint32_t>(step - steps_); }
  LinkEntry* LinkOf(const StepSlot* step) const { return links_ + step->link - 1; }

 private:
  OperationSlot* OperationOf(uint32_t number) const;
  Window& WindowAt(LinkEntry* link, uint64_t now_ns);

  FileHeader* header_ = nullptr;
  CommEntry* comms_ = nullptr;
  LinkEntry* links_ = nullptr;
  StepSlot* steps_ = nullptr;
  OperationSlot* operations_ = nullptr;
  std::atomic<uint32_t> next_step_{0}, next_operation_{0};
};

}  // namespace rankle::transport
