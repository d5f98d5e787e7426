// The flight record: the on-disk (memory-mapped) layout shared by the hooks that write it inside a training
// process and by every reader. One file per process, `flight-<pid>-<start>.rkl` in the output directory.
//
// Layout, all sections page aligned, offsets and capacities in the header:
//   FileHeader | CommEntry[comm_capacity] | SiteEntry[site_capacity] | string arena | Record[record_capacity]
//
// Contract
//  - The file is created at full size and mapped MAP_SHARED: what was stored before a SIGKILL is in the page
//    cache and therefore in the file. No call is needed to make it visible and nothing is flushed.
//  - Many threads write at once without a lock. A Record is claimed by compare-and-swap of `head`, filled,
//  and published
//    by a release store of `head`. A reader that sees state kWriting ignores the payload (a killed writer's
//    torn record).
//  - A record whose operation is still in flight is never overwritten: the ring skips it. When no slot can be
//  found, the
//    record is lost and `dropped` counts it. Overwritten completed records need no counter: they are the
//    tickets handed out, less `skipped`, less the records that are there.
//  - The blocks are reserved when the file is made: a disk that fills up later cannot raise SIGBUS in the
//  job.
//  - Times are CLOCK_MONOTONIC nanoseconds of the host; the header holds a (realtime, monotonic) pair to
//  relate hosts.
//  - Fixed width, little endian, version first after the magic. A reader refuses a major version that it does
//  not know and
//    accepts larger minor versions (fields may be appended within the reserved space).
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace rankle::record {

inline constexpr char kMagic[8] = {'R', 'N', 'K', 'L', 'F', 'L', 'T', '1'};
inline constexpr uint16_t kVersionMajor = 1;
// 1: kCall has its whole result in `seq`. 2: kSample. 3: kMisuse.
inline constexpr uint16_t kVersionMinor = 3;

// What a record describes.
enum class Kind : uint8_t {
  kNone = 0,
  kOperation = 1,  // a collective or point-to-point operation (NCCL); one record a call
  kCall = 2,       // another API call worth keeping: blocking, failed, of a communicator's life, or the first
                   // launch or copy of a marked step
  kMark = 3,       // training step boundary; `count` = step number
  kInjection = 4,  // GROUND TRUTH: a fault fired. Diagnosis must not read it (only scoring does)
  kLifecycle = 5,  // process event; `api` holds a LifecycleEvent
  kException = 6,  // a C++ exception was thrown; `site` = type name in the string arena (offset)
  kMemory = 7,  // device memory in use after an allocation or free; `count` = bytes in use, `peer` = device
  kAsyncError = 8,  // ncclCommGetAsyncError answered an error; `result` holds it
  // What was in a buffer of an operation (`api`, `comm`, `seq`, `dtype` as in its record), or in a tensor
  // that all ranks must hold alike (kFlagNamed: `site` = its name in the string arena, `seq` = how often it
  // was marked). `count` = hash of the sampled bytes, `stream` = how many, `peer` = elements among them that
  // are not finite, `site` = largest finite absolute value as the bits of a float. kFlagInput: the send
  // buffer, before the operation; else the receive buffer, after it. `entered_ns`: when the device had it.
  kSample = 9,
  // The program did with a library what its rules forbid: `result` = Misuse, `api` = the call at fault, `seq`
  // = number of its operation (0 = none). Written before the call goes through; one for each kind, call site
  // and communicator, the first time.
  kMisuse = 10,
};

// The fields that each one uses beside those of kMisuse. Of operations that wait in an open group: `count` =
// how many, `seq` and `stream` = number and function (api.h) of the first.
enum class Misuse : uint8_t {
  // A thread ended with a group open, which is never launched. `api`, `site`: of the outermost
  // ncclGroupStart; `peer` = exit status when the process ended with the thread, else kNoPeer.
  kGroupLeftOpen = 1,
  kGroupNotStarted = 2,  // ncclGroupEnd failed, without a group
  kBlockedInGroup = 3,   // a call that waits for the device, while operations wait for the end of their group
  // The operation needs `count` bytes from the buffer's address on (kFlagInput: of the send buffer, else of
  // the receive buffer); `stream` = how many of them, clipped, lie behind the end of the allocation.
  kPastAllocation = 4,
  kCommGone = 5,      // the communicator's handle was destroyed or aborted before, and not given out again
  kCommNotReady = 6,  // an earlier call on it answered ncclInProgress, and nobody has asked since
};

enum class LifecycleEvent : uint16_t {
  kStart = 1,
  kForkParent = 2,  // `count` = child pid
  kForkChild = 3,
  kExit = 4,   // exit()/return from main; `count` = status
  kAbort = 5,  // abort() was called
  // 6, 7: not used. An exec shows as a second flight record of the same pid; signals are in run.json.
  kTerminate = 8,  // std::terminate: an exception left the program
};

// Life of a record, in `head`. Order matters: states >= kDone may be overwritten by the ring.
enum class State : uint8_t {
  kFree = 0,
  kWriting = 1,    // claimed, payload not valid yet
  kEntered = 2,    // the call has been entered and has not returned
  kEnqueued = 3,   // the call returned; its device work has not finished (or: returned and device times are
                   // not known yet)
  kDone = 4,       // finished on the device (operations), or returned (calls)
  kFailed = 5,     // returned an error; nothing was enqueued
  kUntracked = 6,  // returned; device completion cannot be observed (graph capture, timing off)
  kAborted = 7,    // the communicator was aborted or destroyed before completion was seen
};

// Record.flags
inline constexpr uint8_t kFlagGrouped = 1;      // issued inside ncclGroupStart/End
inline constexpr uint8_t kFlagCaptured = 2;     // recorded while the stream was being captured into a graph
inline constexpr uint8_t kFlagGraphReplay = 4;  // this execution comes from a graph launch
inline constexpr uint8_t kFlagInPlace = 8;
inline constexpr uint8_t kFlagInput = 16;  // kSample: of the send buffer, before the operation
// `api` of kException: of Python, that nobody caught; the text is "Type: message (file:line in function)".
inline constexpr uint16_t kExceptionOfPython = 1;
inline constexpr uint8_t kFlagNamed = 32;  // kSample: of a named tensor

// Durations after `entered_ns` in 32 bits: 27-bit mantissa, 5-bit exponent (value = mantissa << exponent
// nanoseconds). Exact below 134 ms, relative error below 1.5e-8 after that, largest 3.3 years. 0 = not (yet)
// known; a true zero is stored as 1 ns.
constexpr uint32_t PackDuration(uint64_t ns) {
  if (ns == 0) ns = 1;
  uint32_t exponent = 0;
  while ((ns >> exponent) >= (1u << 27)) ++exponent;
  if (exponent > 31) return 0xffffffffu;
  return (exponent << 27) | static_cast<uint32_t>(ns >> exponent);
}
constexpr uint64_t UnpackDuration(uint32_t packed) {
  return static_cast<uint64_t>(packed & ((1u << 27) - 1)) << (packed >> 27);
}

inline constexpr uint8_t kClippedResult = 255;
constexpr uint8_t ClipResult(int result) {
  return result < 0 || result > kClippedResult ? kClippedResult : static_cast<uint8_t>(result);
}

inline constexpr uint16_t kNoComm = 0xffff;
inline constexpr int32_t kNoPeer = -1;

// 64 bytes: one cache line, one operation.
struct alignas(64) Record {
  std::atomic<uint64_t> head;      // ticket << 16 | kind << 8 | state
  uint64_t entered_ns;             // the call was entered (after any injected delay before it)
  std::atomic<uint32_t> returned;  // PackDuration since entered: the host call returned
  std::atomic<uint32_t> started;   // PackDuration since entered: device work began
  std::atomic<uint32_t> finished;  // PackDuration since entered: device work ended
  uint16_t api;                    // injector/api/api.h; LifecycleEvent for kLifecycle
  uint16_t comm;                   // index into the communicator table, kNoComm
  uint64_t count;                  // elements; bytes for kCall and kMemory; see Kind for the others
  uint32_t seq;     // operation number in its communicator, from 1; p2p operations have their own numbering.
                    // kCall: the whole result code
  int32_t peer;     // peer (send/recv) or root, as rank in the communicator; kNoPeer. kInjection: fault index
  uint32_t stream;  // small number of the stream in this process, 0 = default stream
  uint16_t group;   // group number in this process, wraps; 0 = not grouped
  uint16_t thread;  // small number of the thread in this process
  uint32_t site;    // index into the site table + 1, 0 = unknown
  uint8_t dtype;    // ncclDataType_t, 0xff = none
  uint8_t redop;    // ncclRedOp_t (custom operators: 0xfe), 0xff = none
  std::atomic<uint8_t> result;  // ncclResult_t, or cudaError_t/CUresult, clipped (ClipResult); 0 = success.
                                // kInjection: action
  uint8_t flags;
};
static_assert(sizeof(Record) == 64);
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::is_trivially_destructible_v<Record> && std::is_standard_layout_v<Record>);

constexpr uint64_t PackHead(uint64_t ticket, Kind kind, State state) {
  return ticket << 16 | static_cast<uint64_t>(kind) << 8 | static_cast<uint64_t>(state);
}
constexpr State HeadState(uint64_t head) { return static_cast<State>(head & 0xff); }
constexpr Kind HeadKind(uint64_t head) { return static_cast<Kind>(head >> 8 & 0xff); }
constexpr uint64_t HeadTicket(uint64_t head) { return head >> 16; }
// May the ring overwrite a slot in this state?
constexpr bool IsOverwritable(State state) { return state == State::kFree || state >= State::kDone; }

enum class CommState : uint32_t {
  kFree = 0,
  kInitialising = 1,
  kReady = 2,
  kFinalizing = 3,
  kDestroyed = 4,
  kAborted = 5,
  kFailed = 6,  // creation returned an error
};

// One communicator of this process. `id` is the same on all its ranks: a hash of the unique id and how often
// that id was used here (ncclCommInit*), or of the parent's id, the number of the split/shrink on the parent,
// and the colour.
struct alignas(256) CommEntry {
  std::atomic<uint64_t> id;     // 0 = free
  uint64_t parent_id;           // 0 = none
  uint64_t handle;              // ncclComm_t value, for joining with NCCL's log lines
  std::atomic<uint32_t> state;  // CommState
  int32_t rank;
  int32_t nranks;
  int32_t device;
  std::atomic<uint64_t> init_entered_ns;
  std::atomic<uint64_t> ready_ns;
  std::atomic<uint64_t> teardown_entered_ns;  // Finalize/Destroy/Abort/Revoke entered
  std::atomic<uint64_t> gone_ns;              // Destroy/Abort returned
  std::atomic<uint32_t> async_error;          // first error seen by ncclCommGetAsyncError
  std::atomic<uint32_t> last_seq;             // collectives entered so far
  std::atomic<uint32_t> last_p2p_seq;         // point-to-point operations entered so far
  int32_t color;                              // ncclCommSplit; -1 otherwise
  char name[64];                              // ncclConfig_t.commName, NUL terminated, may be empty
  uint8_t reserved[88];
};
static_assert(sizeof(CommEntry) == 256);

// A call site: the return address of an intercepted call, with its module so that it can be symbolised later.
struct alignas(64) SiteEntry {
  std::atomic<uint64_t> address;  // 0 = free
  uint64_t module_offset;         // address - module load base
  uint32_t module_name;           // string arena offset
  uint32_t symbol_name;           // string arena offset of the nearest exported symbol, 0 = none
  std::atomic<uint64_t> hits;
  uint64_t caller_address;  // the frame above, 0 = unknown
  uint8_t reserved[24];
};
static_assert(sizeof(SiteEntry) == 64);

// Page 0. Written once at start except for the atomics.
struct alignas(4096) FileHeader {
  char magic[8];
  uint16_t version_major;
  uint16_t version_minor;
  uint32_t header_bytes;
  uint64_t file_bytes;

  uint64_t comm_offset, site_offset, string_offset, record_offset;  // bytes from the start of the file
  uint32_t comm_capacity, site_capacity, string_capacity, record_capacity;
  uint32_t record_bytes;  // sizeof(Record) of the writer

  std::atomic<uint32_t> rank_source;  // RankSource
  std::atomic<int32_t> rank;          // global rank, -1 = unknown
  std::atomic<int32_t> world_size;    // -1 = unknown
  int32_t local_rank;                 // -1 = unknown
  int32_t local_world_size;
  int32_t pid, parent_pid;
  uint32_t clock_uncertainty_ns;
  uint64_t start_realtime_ns, start_monotonic_ns;  // read together at start
  uint64_t job_id;                                 // the same for all processes of one `rankle run`
  char host[64];
  char command[256];  // truncated command line, blanks between arguments

  std::atomic<uint64_t> next_ticket;  // tickets handed out so far; the first is 1
  std::atomic<uint64_t> dropped;      // records lost because no slot was free
  std::atomic<uint64_t> skipped;      // tickets not used because their slot held an operation in flight
  std::atomic<uint32_t> comms_used, sites_used, strings_used;
  std::atomic<uint32_t> comms_dropped, sites_dropped;

  std::atomic<uint32_t> ended;          // 1 = the process ran its exit handlers
  std::atomic<int32_t> exit_status;     // exit code when ended, else 0
  std::atomic<uint64_t> heartbeat_ns;   // last time the background thread of the hooks was alive
  std::atomic<uint64_t> memory_in_use;  // device bytes allocated now (all devices)
  std::atomic<int64_t> step;            // last training step marked or detected, -1 = none
};
static_assert(sizeof(FileHeader) == 4096);

enum class RankSource : uint32_t { kUnknown = 0, kEnvironment = 1, kLargestCommunicator = 2 };

}  // namespace rankle::record
