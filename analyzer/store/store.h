// The analyzer's memory: one job as columns. Importers fill a Store, localizers read it, SQL is laid over it
// (sql.h).
//
// Contract
//  - Plain values; nothing here reads a clock, a file or the environment. Not thread safe while it is being
//  filled.
//  - Times are nanoseconds on one axis for the whole job, starting at 1; 0 = not known.
//  - A "rank" column holds the dense index into `ranks`, not the global rank; SQL shows the global rank.
//  - After Finish, operations are grouped by rank in order of entry, and the per-member indices are valid.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::store {

inline constexpr int32_t kNone = -1;

enum class OpState : uint8_t {  // the values of record::State that an operation can have
  kEntered = 2,
  kEnqueued = 3,
  kDone = 4,
  kFailed = 5,
  kUntracked = 6,
  kAborted = 7,
  kIssued = 8,  // called inside a group that has not ended: nothing is enqueued yet
};

enum class EventKind : uint8_t { kMark, kLifecycle, kException, kMemory, kAsyncError, kReport };

// kReport: what a log says that failed (`code`), and how much it looks like the consequence of a failure
// elsewhere (`result`); `text` says it in words.
enum class ReportedFailure : uint16_t { kCuda, kNccl, kOutOfMemory, kException, kProcess };
enum class Blame : uint8_t { kLocal, kAmbiguous, kTypical };

// How a process stands at the end of the observation.
enum class ProcessState : uint8_t {
  kRunning,   // alive when it was last looked at
  kEnded,     // ran its exit handlers, or run.json has its end, with exit code 0
  kFailed,    // ended with another exit code or by a signal
  kStopped,   // alive, but nothing in it moves (SIGSTOP, frozen)
  kVanished,  // no end recorded and nothing in it moves: stopped, or killed without anybody noting it
};

struct Process {
  int32_t pid = 0, parent_pid = 0;
  int32_t rank = kNone;  // global rank, kNone = a helper (launcher, data loader)
  std::string host, command, source;
  uint64_t job_id = 0;
  int64_t started = 0, heartbeat = 0, ended = 0;
  int64_t last_seen = 0;  // latest sign of life: heartbeat, record or end
  int64_t observed = 0;   // when its record was looked at, where that is known (digests); 0 = at the end
  bool has_exit_code = false;
  int32_t exit_code = 0, signal = 0;
  bool ended_by_launcher = false;  // killed by `rankle run`, so its end says nothing about the process
  bool exiting = false;            // its exit handlers ran
  bool launched = false;           // run.json lists it: started by `rankle run`
  bool end_is_known = false;       // somebody waited for it (run.json), or its exit handlers ran
  ProcessState state = ProcessState::kRunning;
  int64_t step = -1;
  int64_t clock_offset = 0;  // what makes a monotonic time of its host a time on the job's axis
  uint64_t dropped = 0, overwritten = 0, malformed = 0;
  bool lost_kernels = false;  // CUPTI dropped some: the rest need not be in a row
  bool cut = false;           // its file is shorter than it was written
  std::string place;          // in the program, where its last recorded call came from; "" = not recorded
  bool HasLostRecords() const { return dropped + overwritten + malformed > 0 || cut; }
};

struct Rank {
  int32_t global = kNone;   // global rank
  int32_t process = kNone;  // index into processes; kNone = no record of this rank
};

enum class CommState : uint8_t {
  kUnknown,
  kInitialising,
  kReady,
  kFinalizing,
  kDestroyed,
  kAborted,
  kFailed
};

// One place in a communicator. `rank` is kNone while nobody is known to fill it.
struct Member {
  int32_t rank = kNone;
  int32_t global =
      kNone;  // global rank of the place, where the source tells it even without a record of the rank
  CommState state = CommState::kUnknown;
  int64_t init_entered = 0, ready = 0, teardown_entered = 0, gone = 0;
  uint32_t async_error = 0;
  uint32_t last_seq = 0, last_p2p_seq = 0;
  std::vector<uint32_t> collectives;  // operation indices by sequence number
  std::vector<uint32_t> p2p;          // likewise; both filled by Finish
};

struct Communicator {
  uint64_t id = 0, parent_id = 0;
  std::string name;
  std::vector<Member> members;   // index = rank in the communicator; empty while no rank knows its place
  std::vector<Member> unplaced;  // ranks inside a split whose place is not decided yet
};

struct Operations {
  std::vector<int32_t> rank, communicator, member;
  std::vector<uint32_t> seq;
  std::vector<uint16_t> api;
  std::vector<uint8_t> p2p;
  std::vector<OpState> state;
  std::vector<int64_t> entered, returned, started, finished;
  std::vector<uint64_t> count;
  std::vector<int32_t> peer;  // rank in the communicator: peer of send/recv, root of rooted collectives
  std::vector<uint32_t> stream;
  std::vector<uint16_t> group, thread;
  std::vector<uint8_t> dtype, redop, result, flags;
  std::vector<int32_t> step;  // last step mark of the process before the call, kNone = no marks
  size_t size() const { return rank.size(); }

  // Calls f(column) for each of the above.
  template <typename F>
  void ForEachColumn(const F& f) {
    f(rank), f(communicator), f(member), f(seq), f(api), f(p2p), f(state);
    f(entered), f(returned), f(started), f(finished), f(count), f(peer), f(stream);
    f(group), f(thread), f(dtype), f(redop), f(result), f(flags), f(step);
  }
  void reserve(size_t rows) {
    ForEachColumn([rows](auto& column) { column.reserve(rows); });
  }
};

struct Operation {  // one row on its way into the columns
  int32_t rank = kNone, communicator = kNone, member = kNone;
  uint32_t seq = 0;
  uint16_t api = 0;
  bool p2p = false;
  OpState state = OpState::kDone;
  int64_t entered = 0, returned = 0, started = 0, finished = 0;
  uint64_t count = 0;
  int32_t peer = kNone;
  uint32_t stream = 0;
  uint16_t group = 0, thread = 0;
  uint8_t dtype = 0xff, redop = 0xff, result = 0, flags = 0;
  int32_t step = kNone;
};

// API calls worth keeping that are no operations, and what else happened in a process.
struct Calls {
  std::vector<int32_t> rank, process, communicator;
  std::vector<uint16_t> api, thread;
  std::vector<int64_t> entered, returned;  // returned 0 = the call has not returned
  std::vector<uint64_t> count;
  std::vector<uint32_t> result;
  size_t size() const { return rank.size(); }
};
struct Events {
  std::vector<int32_t> rank, process, communicator;
  std::vector<EventKind> kind;
  std::vector<uint16_t> code;  // LifecycleEvent, ReportedFailure
  std::vector<int64_t> time;
  std::vector<uint64_t> count;
  std::vector<uint8_t> result;
  std::vector<std::string> text;
  size_t size() const { return rank.size(); }
};

// What was in a buffer (record::Kind::kSample).
struct Sample {
  int32_t rank = kNone, communicator = kNone;  // no communicator: a named replica
  uint32_t seq = 0;
  uint16_t api = 0;
  bool input = false;  // what was sent; else what was received, or the replica
  uint32_t bytes = 0;
  uint64_t hash = 0;
  int32_t nonfinite = 0;
  float largest = 0;
  int64_t time = 0;
  std::string name;  // of a replica
};

// What a program did with NCCL that its rules forbid (record::Misuse, whose values these are; the last one is
// not recorded where it happens, but found in the records of the operations).
enum class MisuseKind : uint8_t {
  kGroupLeftOpen = 1,
  kGroupNotStarted = 2,
  kBlockedInGroup = 3,
  kPastAllocation = 4,
  kCommGone = 5,
  kCommNotReady = 6,
  kDestroyedInFlight = 7,
};
struct Misuse {
  MisuseKind kind = MisuseKind::kGroupLeftOpen;
  int32_t rank = kNone, process = kNone, communicator = kNone;
  uint16_t api = 0;  // the call at fault
  uint32_t seq = 0;  // number of an operation in its communicator, 0 = none
  uint16_t operation =
      0;  // function of the operation with the number `seq`: `api`, or what waited, or was in flight, first
  int64_t time = 0;
  uint64_t count = 0;   // operations concerned; kPastAllocation: bytes that the operation needs
  uint32_t beyond = 0;  // kPastAllocation: how many of them lie behind the allocation (UINT32_MAX: or more)
  bool input = false;   // kPastAllocation: of what is sent
  int32_t exit_code = kNone;  // kGroupLeftOpen: of the process that ended with it; kNone = only a thread did
};

// How the clock of a host differs from that of the reference host: ahead by offset + drift * (t - reference),
// t on the clock of the reference host. The times of a Store are corrected by it already.
struct HostClock {
  std::string host;
  int64_t offset_ns = 0, reference_ns = 0;
  double drift = 0;            // seconds a second
  int64_t uncertainty_ns = 0;  // of a corrected time
  int64_t samples = 0;         // ends of shared operations that it rests on; 0 = the reference, or unrelated
};

// What the profiler plugin counted of one link (tracer/transport/format.h): one direction between two ranks
// of a communicator on one channel, both sides together. Counts are 0 while that side's record is missing.
struct Transfer {
  // One kind of time in one stretch of time; counts by log-bucket (tracer/transport/histogram.h).
  struct Times {
    int64_t begin = 0, end = 0;
    bool per_mib = false;  // values are ns for a MiB (large steps), else ns of a step
    uint64_t bytes = 0;    // of the stretch, both kinds together
    std::vector<uint32_t> counts;
  };
  int32_t communicator = kNone;
  int32_t source = kNone, destination = kNone;  // ranks
  int32_t channel = 0;
  bool has_source = false, has_destination = false;  // whose records are there
  uint64_t posted = 0, sent = 0;                     // steps, by the source
  uint64_t expected = 0, received = 0;               // steps, by the destination
  uint64_t bytes = 0;
  uint64_t moving = 0;       // steps that the source has handed to the network and that are not through
  int64_t moving_since = 0;  // when the oldest of them was
  int64_t moving_operation = kNone;  // index into operations of that one; kNone = not told
  int64_t last_posted = 0, last_sent = 0, last_received = 0;
  std::vector<Times> life;     // at most one a kind: since the start
  std::vector<Times> windows;  // recent windows in order of time, where something was timed
};

// How far what one operation moves from and to one rank is, all links together (profiler plugin).
struct OperationProgress {
  uint32_t operation = 0;  // index into operations
  int64_t begun = 0;       // handed to the proxy threads
  int64_t first_posted = 0, last_moved = 0;
  uint64_t bytes = 0;
  uint32_t open_links = 0;                                                            // still carry it
  uint32_t sends_posted = 0, sends_done = 0, receives_posted = 0, receives_done = 0;  // steps
};

// A kernel of NCCL that ran on a device of a process (CUPTI; tracer/cupti/format.h).
struct Kernel {
  int32_t process = kNone;
  uint32_t name = 0;  // index into kernel_names
  int64_t started = 0, finished = 0;
  uint32_t device = 0, stream = 0;  // as CUPTI numbers them: not the streams of operations
  uint32_t correlation = 0, graph = 0;
  int64_t operation = kNone;  // index into operations of the first that it carries; kNone = not certain
};

// What the kernel told of a rank, and of the way from one rank's host to another's (kernel.json,
// tracer/kernel/kernel_record.h: the same fields). Ranks are global.
struct KernelRank {
  int32_t rank = 0;
  double seen_s = 0, cpu_s = 0, core_wait_s = 0, throttled_s = 0, disk_wait_s = 0, frozen_s = 0;
  bool frozen = false;
  int64_t oom_kills = 0, major_faults = 0;
};
struct KernelLink {
  int32_t source = 0, destination = 0;
  int64_t looks = 0, in_flight = 0, under_way = 0, queued = 0, segments = 0, retransmits = 0, bytes_acked = 0,
          bytes_received = 0, packets_lost = 0;
  double min_rtt_us = 0, rtt_us = 0, stuck_s = 0;
};
struct KernelWaits {  // of ranks that were attached to
  int32_t rank = 0;
  double asleep_s = 0, away_s = 0, memory_wait_s = 0, disk_request_s = 0, disk_longest_s = 0;
  int64_t page_faults = 0, disk_requests = 0;
};

// What somebody said of the job (`rankle run` while it ran, in events.jsonl; a log; RAS): for the causal
// chain, no rule reads it.
struct Notice {
  int64_t time = 0;
  int32_t rank = kNone;  // global rank, kNone = it names none, or several
  std::string host, text;
  std::string by = "rankle run";
};

// What a source shows that may be a fault and that it cannot prove: without a finding, the job is not called
// healthy.
struct Doubt {
  int64_t time = 0;
  std::string what;  // "one snapshot shows ranks that launched less than others ..."
  std::vector<std::string> evidence;
};

struct DataQuality {
  uint64_t dropped = 0, malformed = 0, overwritten = 0;
  double clock_uncertainty_us = 0;
  double certainty = 1;  // the most that this kind of source can prove; every confidence is multiplied by it
  uint64_t unreadable_files = 0;  // left out whole
  uint64_t cut_files = 0;         // shorter than they were written
  uint64_t lost_kernels = 0;      // of any name, by CUPTI
  // Operations whose device times are those of their kernels, and the ranks that have some.
  uint64_t kernel_timed_operations = 0;
  std::vector<int32_t> kernel_timed_ranks;
  std::vector<int32_t> missing_ranks;
  std::vector<std::string> notes;  // one line each, ready to print
};

// Files of one kind that were given to an analysis, and what became of them.
struct InputFiles {
  std::string format;  // of an importer, or "unknown"
  bool used = false;
  std::string why;                 // not used: the reason
  std::vector<std::string> files;  // as found
};

class Store {
 public:
  std::vector<Process> processes;
  std::vector<Rank> ranks;  // ordered by global rank
  std::vector<Communicator> communicators;
  Operations operations;
  Calls calls;
  Events events;
  std::vector<Sample> samples;
  std::vector<Misuse> misuses;
  std::vector<HostClock> clocks;            // of a job on several hosts
  std::vector<Transfer> transfers;          // ordered by communicator, source, destination, channel
  std::vector<OperationProgress> progress;  // ordered by operation; the last ones of each process
  std::vector<Kernel> kernels;              // by process, in the order in which CUPTI told them
  std::vector<std::string> kernel_names;
  std::vector<KernelRank> kernel_ranks;  // by rank
  std::vector<KernelLink> kernel_links;  // by source and destination
  std::vector<KernelWaits> kernel_waits;
  std::vector<Notice> notices;
  std::vector<Doubt> doubts;
  DataQuality quality;
  std::string source;  // "rankle", "pytorch-flight-recorder"
  // What the source tells beyond the columns. Where a flag is false, the localizers are as careful as it
  // takes.
  bool streams_known = true;     // else a rank waits in the first unfinished operation that it issued
  bool device_times = true;      // else times in between calls say nothing about who is slow
  bool durations_known = false;  // without device_times: what lies between started and finished was measured
  bool end_is_observed = true;   // else nobody knows how long a wait lasted: all count
  bool calls_only = false;       // what was called, not what was waited for: numbers of calls are compared
  std::vector<InputFiles> inputs;
  std::string command;
  int32_t world_size = 0;     // what the job says it has, 0 = unknown
  bool end_known = false;     // run.json says that the run is over
  int64_t stalled = 0;        // when `rankle run` saw no progress and ended the job; 0 = never
  bool stands_still = false;  // `rankle run` saw that nothing moves in any process, and nothing has since
  int64_t observed_until = 0;

  void AddOperation(const Operation& row);
  // Orders operations by (rank, entered), builds the member indices and names nameless communicators.
  void Finish();

  // Operations of rank r are [rank_begin(r), rank_begin(r + 1)).
  size_t rank_begin(size_t rank) const { return rank_begin_[rank]; }
  const Process* ProcessOf(int32_t rank) const;
  int32_t GlobalRank(int32_t rank) const { return rank < 0 ? kNone : ranks[rank].global; }
  // Seconds on the job's axis.
  static double Seconds(int64_t time) { return static_cast<double>(time) * 1e-9; }

 private:
  void SortOperations();
  void IndexMembers();
  void NameCommunicators();
  std::vector<size_t> rank_begin_;
};

// "AllReduce" for ncclAllReduce.
std::string OperationName(uint16_t api);
const char* ProcessStateName(ProcessState state);
// "0-3, 7": how lists of ranks are shown to people.
std::string RankList(std::vector<int32_t> global_ranks);
// "[0,1,7]"
std::string JsonList(const std::vector<int32_t>& values);

}  // namespace rankle::store
