// What happened in a job, as the linker of causes sees it: one plain value an event, each dated by when it
// can have happened.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::explain {

enum class EventKind : uint8_t {
  kCall,          // a call of CUDA or NCCL returned an error; name: the function, error: its name
  kAsync,         // ncclCommGetAsyncError told an error; error: its name
  kException,     // name: the type
  kGivesUp,       // the program called abort() or exit(); error: "SIGABRT", "exit 10"
  kEnd,           // a process ended; error: "SIGKILL", "exit 10", "vanished"
  kReport,        // a log says so; name: kind of failure (cuda, nccl, oom, exception, process)
  kSilence,       // a process made no recorded call any more until its end, and lived
  kStandstill,    // a rank stands where others wait for it; name: its last operation
  kDisagreement,  // a rank issued another operation than the others
  kWait,          // ranks wait in an operation that does not come to its end
  kTeardown,      // a rank aborted a communicator
  kStall,         // `rankle run` saw that nothing moves, and ended the job
  kKilled,        // `rankle run` ended the process
  kStart,         // a process took the place of an earlier one of the same rank
  kLastSeen,      // what a dead rank did last
  kAftermath,     // an exception inside a library while its rank aborts its communicators: leads to nothing
  kNotice         // what somebody said of the job; name: who
};
// "call", "async_error", ...: as edge files name them; "" where there is no such kind.
const char* EventKindName(EventKind kind);
inline constexpr EventKind kLastEventKind = EventKind::kNotice;

struct Event {
  EventKind kind = EventKind::kEnd;
  // It happened within these bounds (ns on the job's axis): equal where the moment is on record. What goes on
  // (a wait, a standstill) began at the first and went on until the last.
  int64_t earliest = 0, latest = 0;
  int64_t shown = 0;                    // when it is said to have happened, within the bounds
  std::vector<int32_t> ranks;           // global, ascending; empty = of the job as a whole
  std::vector<int32_t> waits_for;       // kWait: global ranks that have to come first, ascending
  int32_t process = store::kNone;       // index into Store::processes; kNone = of no single one
  int32_t communicator = store::kNone;  // index into Store::communicators; kNone = of no single one
  std::string name, error;
  std::string text;    // for people
  std::string alike;   // the same for all ranks that it happened to; "" = text
  bool quiet = false;  // shown only as part of a chain
  bool root = false;   // the verdict begins with it
};

// What happened, and which ranks can hear of each other.
struct Incident {
  std::vector<Event> events;
  std::vector<std::vector<int32_t>> members;           // by communicator: global ranks, ascending
  std::vector<std::pair<int32_t, std::string>> hosts;  // by global rank, ascending
  int64_t clock_uncertainty = 0;                       // ns, between ranks of different hosts
};

}  // namespace rankle::explain
