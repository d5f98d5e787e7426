#include "injector/hooks/comms.h"

#include <new>

namespace rankle::hooks {

Comm* CommTable::Allocate() {
  for (uint32_t tries = 0; tries < kMaxComms; ++tries) {
    Comm& comm = comms_[next_.fetch_add(1, std::memory_order_relaxed) % kMaxComms];
    if (comm.used.load(std::memory_order_relaxed)) continue;
    comm.~Comm();
    new (&comm) Comm;
    comm.index = record::kNoComm;
    comm.rank = comm.size = comm.device = -1;
    comm.used.store(true, std::memory_order_relaxed);
    return &comm;
  }
  return nullptr;
}

void CommTable::Bind(ncclComm_t handle, Comm* comm) {
  comm->handle.store(handle, std::memory_order_relaxed);
  freed_.Erase(handle, 0);
  map_.Insert(handle, comm);
}

void CommTable::Release(ncclComm_t handle) {
  Comm* comm = map_.Erase(handle, nullptr);
  if (comm == nullptr) return;
  freed_.Insert(handle, comm->index + 1u);
  comm->handle.store(nullptr, std::memory_order_relaxed);
  comm->used.store(false, std::memory_order_relaxed);
}

ncclComm_t CommTable::HandleAt(int64_t position) const {
  int64_t seen = 0;
  for (const Comm& comm : comms_) {
    ncclComm_t handle = comm.handle.load(std::memory_order_relaxed);
    if (handle != nullptr && seen++ == position) return handle;
  }
  return nullptr;
}

int64_t CommTable::PositionOf(ncclComm_t handle) const {
  int64_t seen = 0;
  for (const Comm& comm : comms_) {
    ncclComm_t held = comm.handle.load(std::memory_order_relaxed);
    if (held == handle) return seen;
    if (held != nullptr) ++seen;
  }
  return -1;
}

void CommTable::Clear() {
  map_.Clear();
  freed_.Clear();
  for (Comm& comm : comms_) {
    if (!comm.used.load(std::memory_order_relaxed)) continue;
    comm.handle.store(nullptr, std::memory_order_relaxed);
    comm.used.store(false, std::memory_order_relaxed);
  }
}

}  // namespace rankle::hooks
