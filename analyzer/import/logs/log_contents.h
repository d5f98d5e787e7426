// What the logs of a job tell, as plain values: filled by LogReader, made into a Store or joined to one by
// log_job.h. Bounded: of operations the latest are kept, of everything else the first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/import/logs/log_text.h"
#include "analyzer/store/store.h"

namespace rankle::import {

struct LoggedOperation {
  int64_t time = 0;  // as FindTime, or the place in the file where the log has no times
  uint64_t count = 0;
  uint32_t seq = 0;  // of the communicator, from 1: lines are counted, collectives and sends apart
  int32_t root = -1;
  uint16_t api = 0;
  uint8_t datatype = 0xff, redop = 0xff;
  bool p2p = false;
};

// One process's view of a communicator.
struct LoggedCommunicator {
  int32_t process = -1, device = -1;
  uint64_t pointer = 0;  // 0 in messages that do not tell it
  uint64_t id = 0, bus = 0;
  int32_t parent = -1;  // index of the communicator that it was split from
  int64_t color = -1, child = -1;
  int32_t rank = -1, ranks = -1, global_rank = -1;
  int64_t init_started = 0, ready = 0, gone = 0;
  bool aborted = false;
  uint32_t collectives = 0, p2p = 0;  // launched
  uint64_t first_op_count = 0, last_op_count = 0;
  bool op_counts_rise = true;  // in this communicator NCCL's own counter counts
  bool is_cut = false;         // the oldest operations were dropped
  std::vector<LoggedOperation> operations;
};

struct LoggedProcess {
  std::string host, file;
  int32_t pid = -1, rank = -1, local_rank = -1;  // ranks as tags tell them
  int64_t last_seen = 0;
};

// How far a rank came in a process group, as PyTorch's watchdog tells it.
struct LoggedStatus {
  int32_t rank = -1;
  int32_t group_rank = -1;  // its place in the group; -1 = not told
  std::string group, description;
  int64_t enqueued = -1, completed = -1;
  int64_t timed_out = -1;  // the number of the operation that did
  std::string operation;
  int64_t elements = -1, ran_ms = 0, time = 0;
};

enum class TroubleKind : uint8_t {
  kError,     // an exception or warning
  kWatchdog,  // the watchdog found a timeout or ends the process: it waited
  kEnd,       // how the process ended
  kXid,
  kRemark,  // no failure of this process: somebody asked it to end (signal), or its watchdog passes on a
            // timeout
};

struct LoggedTrouble {
  TroubleKind kind = TroubleKind::kRemark;
  Speaker who;
  store::ReportedFailure failure = store::ReportedFailure::kProcess;
  store::Blame blame = store::Blame::kLocal;
  int32_t exit_code = 0, signal = 0, xid = 0;
  int32_t xid_cause = 0;    // of whatever GPU; 0 = not told
  bool fatal = false;       // kError: the process said nothing more, so it did not survive
  bool by_library = false;  // kError: NCCL or the watchdog says so itself: no exception that somebody caught
  bool first = false;       // kEnd: the launcher calls it the first that it saw
  int64_t time = 0;
  std::string text;
};

struct LogContents {
  std::vector<LoggedProcess> processes;
  std::vector<LoggedCommunicator> communicators;
  std::vector<LoggedStatus> statuses;
  std::vector<LoggedTrouble> troubles;
  double certainty = 1;       // of whose lines these are, and that they are of one run of the job
  bool has_timeouts = false;  // some watchdog saw the job stand still
  uint64_t nccl_lines = 0, cut_lines = 0, dropped_troubles = 0, unknown_operations = 0;
  std::vector<std::string> notes;
};

}  // namespace rankle::import
