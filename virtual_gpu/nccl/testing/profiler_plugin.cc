// A profiler plugin for tests, compiled once for each ABI version (RANKLE_PROFILER_VERSION): counts events
// and checks their nesting. Results are read through rankleTestPluginReport.
#include "virtual_gpu/nccl/testing/profiler_plugin.h"

#include <atomic>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include RANKLE_PROFILER_HEADER
#define RANKLE_CONCAT(a, b) a##b
#define RANKLE_EXPAND_CONCAT(a, b) RANKLE_CONCAT(a, b)
namespace abi = rankle::RANKLE_EXPAND_CONCAT(profiler_v, RANKLE_PROFILER_VERSION);

namespace {

struct Event {
  uint64_t type;
};

std::mutex mutex;
PluginReport report;

// The type a parent must have; 0: none is wanted.
bool ParentFits(uint64_t type, const Event* parent) {
  const uint64_t parent_type = parent == nullptr ? 0 : parent->type;
  const bool tasks_hang_below_api = RANKLE_PROFILER_VERSION >= 5;
  switch (type) {
    case 1 << 1:
      return parent_type == (tasks_hang_below_api ? 1u << 9 : 1u << 0);
    case 1 << 2:
      return tasks_hang_below_api ? parent_type == 1u << 10 || parent_type == 1u << 9
                                  : parent_type == 1u << 0;
    case 1 << 3:
    case 1 << 6:
      return parent_type == 1u << 1 || parent_type == 1u << 2;
    case 1 << 4:
      return parent_type == 1u << 3;
    case 1 << 9:
    case 1 << 10:
    case 1 << 11:
      return parent_type == 1u << 8;
    default:
      return parent_type == 0;
  }
}

int BitOf(uint64_t type) { return __builtin_ctzll(type); }

ncclResult_t StartEvent(void*, void** handle, abi::EventDescr* descr) {
  const std::lock_guard<std::mutex> lock(mutex);
  static auto* const events = new std::deque<Event>;  // none is ever freed: children may name it later
  auto* const event = &events->emplace_back(Event{descr->type});
  ++report.started[BitOf(descr->type)];
  if (!ParentFits(descr->type, static_cast<Event*>(descr->parentObj))) ++report.wrong_parents;
  if (descr->type == 1 << 1) {
    report.last_count = descr->coll.count;
    report.last_sequence = descr->coll.seqNumber;
#if RANKLE_PROFILER_VERSION >= 2
    std::strncpy(report.last_function, descr->coll.func, sizeof report.last_function - 1);
    std::strncpy(report.last_datatype, descr->coll.datatype, sizeof report.last_datatype - 1);
#endif
  }
  if (descr->type == 1 << 2) report.last_peer = descr->p2p.peer;
  *handle = event;
  return ncclSuccess;
}

ncclResult_t StopEvent(void* handle) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++report.stopped[BitOf(static_cast<Event*>(handle)->type)];
  return ncclSuccess;
}

ncclResult_t RecordState(void*, int state, abi::StateArgs*) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++report.states[state];
  return ncclSuccess;
}

ncclResult_t Finalize(void*) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++report.finalized;
  return ncclSuccess;
}

void Enable(int* mask, int nranks) {
  __atomic_store_n(mask, 0xfff, __ATOMIC_RELAXED);  // another communicator may be reading it
  const std::lock_guard<std::mutex> lock(mutex);
  ++report.inits;
  report.nranks = nranks;
  report.version = RANKLE_PROFILER_VERSION;
}

#if RANKLE_PROFILER_VERSION <= 3
ncclResult_t Init(void**, int* mask) {
  Enable(mask, 0);
  return ncclSuccess;
}
#elif RANKLE_PROFILER_VERSION == 4
ncclResult_t Init(void**, int* mask, const char*, uint64_t, int, int nranks, int, abi::LoggerFn) {
  Enable(mask, nranks);
  return ncclSuccess;
}
#else
ncclResult_t Init(void**, uint64_t, int* mask, const char*, int, int nranks, int, abi::LoggerFn) {
  Enable(mask, nranks);
  return ncclSuccess;
}
#endif

}  // namespace

extern "C" {
__attribute__((visibility("default")))
abi::Plugin RANKLE_EXPAND_CONCAT(ncclProfiler_v, RANKLE_PROFILER_VERSION) = {
    "rankle-test", Init, StartEvent, StopEvent, RecordState, Finalize};
__attribute__((visibility("default"))) PluginReport rankleTestPluginReport() {
  const std::lock_guard<std::mutex> lock(mutex);
  return report;
}
}
