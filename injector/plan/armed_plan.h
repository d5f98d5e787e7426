// An armed plan: fault plans compiled to plain fixed-width values, so that the library inside the training
// process needs no parser and no allocation. `rankle run` writes it to a file; librankle.so maps it
// read-only.
//
// File layout: ArmedHeader | ArmedFault[fault_count] | string pool (NUL terminated strings, offset 0 = "").
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "injector/plan/action.h"

namespace rankle::plan {

inline constexpr char kArmedMagic[8] = {'R', 'N', 'K', 'L', 'P', 'L', 'N', '1'};
inline constexpr uint32_t kArmedVersion = 4;  // 2: `site`; 3: faults of host and network; 4: `path`
inline constexpr size_t kMaxFaults = 256;     // per armed plan
inline constexpr size_t kMaxListValues = 64;  // of one `where` list of numbers
inline constexpr size_t kMaxApiWords = 16;    // bit set over API ids: up to 1,024 functions

// An inclusive range; `last` = INT64_MAX when open.
struct Range {
  int64_t first = INT64_MIN;
  int64_t last = INT64_MAX;
};

// A duration or amount that may be drawn per call.
enum class DistributionKind : uint32_t { kConstant = 0, kUniform = 1, kNormal = 2 };
struct Distribution {
  DistributionKind kind = DistributionKind::kConstant;
  uint32_t reserved = 0;
  uint64_t a = 0;  // constant value | lower bound | mean
  uint64_t b = 0;  // - | upper bound | standard deviation
};

// A list of or-ed ranges; count = 0 matches all.
struct RangeList {
  uint32_t count = 0;
  uint32_t reserved = 0;
  Range ranges[kMaxListValues];
};

// A list of or-ed glob patterns: `count` consecutive NUL-terminated strings at `offset` in the pool; count =
// 0 matches all.
struct GlobList {
  uint32_t offset = 0;
  uint32_t count = 0;
};

struct ArmedFault {
  uint32_t name = 0;  // pool offset; never empty (defaults to "fault-<n>")
  Action action = Action::kNone;
  uint8_t at_exit = 0;  // `at: exit`: act after the call
  uint8_t sticky = 0;
  Direction direction = Direction::kOut;  // net-*
  uint64_t apis[kMaxApiWords] = {};       // bit (api id) set = the fault is aimed at this function

  // where
  RangeList rank, local_rank, comm_rank, comm_size, peer, bytes, site;
  uint32_t dtypes = 0;       // bit per ncclDataType_t, 0 = all
  uint32_t needs_stack = 0;  // the symbolised stack must be supplied for matching
  GlobList comm, host, stack;

  // when
  RangeList call;  // counted per process and fault over calls that match `on` and `where`, from 1
  RangeList step;
  uint64_t every = 1;     // of the calls inside `call`, every n-th, starting with the first
  uint64_t after_ns = 0;  // since process start
  uint64_t until_ns = UINT64_MAX;
  uint64_t times = UINT64_MAX;  // fire at most this often in one process
  double probability = 1.0;

  // with
  Distribution
      time;  // ns: delay, disk-slow, slow-kernel; `for` of hang, signal, gil; 0 = for ever (hang); net-delay
  int64_t result = 0;  // fail, async-error: ncclResult_t / cudaError_t / errno. exit: code. signal: number.
                       // xid: code. time-out: 1 = when the program's own time is over
  // oom: after_bytes; leak, short, memory-limit, disk-limit: bytes; slow-copy, net-limit: bytes per second
  uint64_t bytes_limit = 0;
  double factor = 0;  // slow-kernel; net-drop, throttle: percent
  MutateField field = MutateField::kNone;
  uint8_t is_delta = 0;
  CorruptPattern pattern = CorruptPattern::kBitflip;
  CorruptBuffer buffer = CorruptBuffer::kSend;
  uint32_t bits = 1;            // corrupt: how many bits or elements
  int64_t value = 0;            // mutate: value or delta
  int64_t offset = -1;          // corrupt: byte offset, -1 = seeded random
  uint32_t exception_type = 0;  // throw: pool offset
  uint32_t exception_what = 0;  // throw: pool offset
  uint32_t on = 0;              // pool offset: the target as it was written, for people
  uint32_t reserved_end = 0;
  // Faults of host and network (catalogue.h, `place`): they last `for_ns` from `after_ns` on (0 = until
  // `until_ns`), and again every `period_ns` (0 = once).
  uint64_t for_ns = 0;
  uint64_t period_ns = 0;
  GlobList path;  // disk-*: of the file that a call is about; disk-limit: the directory
};
static_assert(std::is_trivially_copyable_v<ArmedFault> && std::is_standard_layout_v<ArmedFault>);

struct ArmedHeader {
  char magic[8];
  uint32_t version;
  uint32_t fault_count;
  uint32_t fault_bytes;  // sizeof(ArmedFault) of the writer
  uint32_t pool_bytes;
  uint64_t seed;
  uint64_t checksum;  // ArmedChecksum of the whole file with this field as 0
};
static_assert(std::is_trivially_copyable_v<ArmedHeader>);
static_assert(sizeof(ArmedHeader) == 40 && sizeof(ArmedFault) % 8 == 0);

// The checksum that belongs into the header of these bytes: a changed or cut file is refused, not guessed at.
uint64_t ArmedChecksum(const void* bytes, size_t size);

// A checked view of an armed plan in memory. Does not own the bytes.
class ArmedPlan {
 public:
  // Returns an empty plan when the bytes are not a sound armed plan (`error`, when given, says why; a static
  // string).
  static ArmedPlan View(const void* bytes, size_t size, const char** error = nullptr);
  size_t size() const { return count_; }
  const ArmedFault& fault(size_t index) const { return faults_[index]; }
  uint64_t seed() const { return seed_; }
  // A string of the pool; "" when the offset is out of range.
  const char* text(uint32_t offset) const;
  const char* name(size_t index) const { return text(faults_[index].name); }

 private:
  const ArmedFault* faults_ = nullptr;
  const char* pool_ = nullptr;
  uint32_t pool_bytes_ = 0;
  size_t count_ = 0;
  uint64_t seed_ = 0;
};

}  // namespace rankle::plan
