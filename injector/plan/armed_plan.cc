// The checked view of an armed plan. Everything Decide() relies on is checked here once, so that the hot path
// does not: enums in range, lists sorted and inside their arrays, strings inside the pool.
#include "injector/plan/armed_plan.h"

#include <cstring>
#include <initializer_list>

#include "injector/plan/random.h"

namespace rankle::plan {
namespace {

bool SoundList(const RangeList& list) {
  if (list.count > kMaxListValues) return false;
  int64_t free_from = 0;  // ranges are sorted, disjoint and not negative
  for (uint32_t i = 0; i < list.count; ++i) {
    const Range& range = list.ranges[i];
    if (range.first < free_from || range.last < range.first) return false;
    if (range.last == INT64_MAX && i + 1 != list.count) return false;
    if (range.last != INT64_MAX) free_from = range.last + 1;
  }
  return true;
}

bool SoundDistribution(const Distribution& distribution) {
  switch (distribution.kind) {
    case DistributionKind::kConstant:
    case DistributionKind::kNormal:
      return true;
    case DistributionKind::kUniform:
      return distribution.a <= distribution.b;
  }
  return false;
}

// A pool that ends in NUL makes every offset inside it a terminated string.
struct Pool {
  const char* text;
  uint32_t bytes;
  bool Holds(uint32_t offset) const { return offset < bytes; }
  bool Holds(const GlobList& list) const {
    uint32_t offset = list.offset;
    for (uint32_t i = 0; i < list.count; ++i) {
      if (!Holds(offset)) return false;
      offset += static_cast<uint32_t>(std::strlen(text + offset)) + 1;
    }
    return true;
  }
};

const char* Defect(const ArmedFault& fault, const Pool& pool) {
  if (fault.action == Action::kNone || fault.action > Action::kLast) return "armed plan: unknown action";
  for (const RangeList* list : {&fault.rank, &fault.local_rank, &fault.comm_rank, &fault.comm_size,
                                &fault.peer, &fault.bytes, &fault.site, &fault.call, &fault.step}) {
    if (!SoundList(*list)) return "armed plan: a list of ranges is malformed";
  }
  for (const GlobList* list : {&fault.comm, &fault.host, &fault.stack, &fault.path}) {
    if (!pool.Holds(*list)) return "armed plan: a list of patterns leaves the string pool";
  }
  for (uint32_t offset : {fault.name, fault.on, fault.exception_type, fault.exception_what}) {
    if (!pool.Holds(offset)) return "armed plan: a string lies outside the pool";
  }
  if (pool.text[fault.name] == '\0') return "armed plan: a fault has no name";
  if (!SoundDistribution(fault.time)) return "armed plan: a distribution is malformed";
  if (fault.every == 0) return "armed plan: `every` is 0";
  if (!(fault.probability >= 0 && fault.probability <= 1)) return "armed plan: a probability is not in 0..1";
  if (!(fault.factor >= 0 && fault.factor <= 1e18)) return "armed plan: a factor is out of range";
  if (fault.field > MutateField::kStream || fault.pattern > CorruptPattern::kRandom ||
      fault.buffer > CorruptBuffer::kRecv || fault.direction > Direction::kBoth) {
    return "armed plan: an unknown choice";
  }
  return nullptr;
}

}  // namespace

uint64_t ArmedChecksum(const void* bytes, size_t size) {
  constexpr size_t kField = offsetof(ArmedHeader, checksum);
  const auto* data = static_cast<const unsigned char*>(bytes);
  uint64_t sum = MixBits(size);
  for (size_t at = 0; at < size; at += 8) {
    if (at == kField) continue;
    uint64_t word = 0;
    std::memcpy(&word, data + at, size - at < 8 ? size - at : 8);
    sum = MixBits(sum ^ word);
  }
  return sum;
}

ArmedPlan ArmedPlan::View(const void* bytes, size_t size, const char** error) {
  auto refuse = [error](const char* why) {
    if (error != nullptr) *error = why;
    return ArmedPlan();
  };
  if (error != nullptr) *error = nullptr;
  if (bytes == nullptr || size < sizeof(ArmedHeader)) return refuse("armed plan: shorter than its header");
  if (reinterpret_cast<uintptr_t>(bytes) % alignof(ArmedFault) != 0)
    return refuse("armed plan: not aligned in memory");
  ArmedHeader header;
  std::memcpy(&header, bytes, sizeof(header));
  if (std::memcmp(header.magic, kArmedMagic, sizeof(kArmedMagic)) != 0)
    return refuse("armed plan: not an armed plan file");
  if (header.version != kArmedVersion || header.fault_bytes != sizeof(ArmedFault)) {
    return refuse("armed plan: written by another version of rankle");
  }
  if (header.fault_count > kMaxFaults) return refuse("armed plan: too many faults");
  const size_t faults_bytes = size_t{header.fault_count} * sizeof(ArmedFault);
  if (header.pool_bytes == 0 || size != sizeof(header) + faults_bytes + header.pool_bytes) {
    return refuse("armed plan: cut off, or with bytes too many");
  }
  if (header.checksum != ArmedChecksum(bytes, size))
    return refuse("armed plan: changed after it was written (checksum)");

  ArmedPlan plan;
  plan.faults_ = reinterpret_cast<const ArmedFault*>(static_cast<const char*>(bytes) + sizeof(header));
  plan.pool_ = static_cast<const char*>(bytes) + sizeof(header) + faults_bytes;
  plan.pool_bytes_ = header.pool_bytes;
  plan.count_ = header.fault_count;
  plan.seed_ = header.seed;
  const Pool pool{plan.pool_, plan.pool_bytes_};
  if (pool.text[0] != '\0' || pool.text[pool.bytes - 1] != '\0')
    return refuse("armed plan: the string pool is malformed");
  for (size_t i = 0; i < plan.count_; ++i) {
    if (const char* defect = Defect(plan.faults_[i], pool)) return refuse(defect);
  }
  return plan;
}

const char* ArmedPlan::text(uint32_t offset) const { return offset < pool_bytes_ ? pool_ + offset : ""; }

}  // namespace rankle::plan
