// See decide.h. The order of the tests is by cost: a bit per function, then one packed range per fault, then
// number lists, then globs; only a call that passes all of `where` touches a shared counter.
#include "injector/plan/decide.h"

#include "injector/plan/glob.h"
#include "injector/plan/random.h"

namespace rankle::plan {
namespace {

// Bits of Engine::Where::keys.
enum WhereKey : uint32_t {
  kRank = 1u << 0,
  kLocalRank = 1u << 1,
  kCommRank = 1u << 2,
  kCommSize = 1u << 3,
  kPeer = 1u << 4,
  kBytes = 1u << 5,
  kDtype = 1u << 6,
  kComm = 1u << 7,
  kHost = 1u << 8,
  kStack = 1u << 9,
  kSite = 1u << 10,
  kPath = 1u << 11,
};

// Streams of the random numbers of one draw point.
enum Stream : uint64_t { kProbability = 0, kAction = 1, kTime = 2 };

// The numbers that `where` may ask about, once per call. Unset ones are negative, and no range reaches below
// 0. The first is always 0: what a fault without number keys is held against.
constexpr size_t kNumbers = 8;
struct Numbers {
  Numbers(const Target& target, const CallView& call)
      : values{0,          target.rank, target.local_rank, call.peer, call.comm_size, call.comm_rank,
               call.bytes, call.site} {}
  int64_t values[kNumbers];
};

struct NumberKey {
  WhereKey key;
  RangeList ArmedFault::*list;
};
// Key i is about Numbers::values[i + 1]. The one that tells most faults apart comes first.
constexpr NumberKey kNumberKeys[kNumbers - 1] = {
    {kRank, &ArmedFault::rank},          {kLocalRank, &ArmedFault::local_rank}, {kPeer, &ArmedFault::peer},
    {kCommSize, &ArmedFault::comm_size}, {kCommRank, &ArmedFault::comm_rank},   {kBytes, &ArmedFault::bytes},
    {kSite, &ArmedFault::site},
};

uint32_t GivenKeys(const ArmedFault& fault) {
  uint32_t keys = 0;
  auto given = [&keys](uint32_t count, uint32_t key) {
    if (count != 0) keys |= key;
  };
  for (const NumberKey& number : kNumberKeys) given((fault.*number.list).count, number.key);
  given(fault.dtypes, kDtype);
  given(fault.comm.count, kComm);
  given(fault.host.count, kHost);
  given(fault.stack.count, kStack);
  given(fault.path.count, kPath);
  return keys;
}

bool Contains(const RangeList& list, int64_t value) {
  for (uint32_t i = 0; i < list.count; ++i) {
    if (value >= list.ranges[i].first && value <= list.ranges[i].last) return true;
  }
  return false;
}

constexpr uint32_t kAnyNumber = kRank | kLocalRank | kCommRank | kCommSize | kPeer | kBytes | kSite;

bool MatchesNumbers(const ArmedFault& fault, uint32_t keys, const Numbers& numbers) {
  for (size_t i = 0; i < kNumbers - 1; ++i) {
    if ((keys & kNumberKeys[i].key) != 0 && !Contains(fault.*kNumberKeys[i].list, numbers.values[i + 1]))
      return false;
  }
  return true;
}

bool AnyGlob(const ArmedPlan& plan, const GlobList& globs, const char* text) {
  if (text == nullptr) return false;
  const char* pattern = plan.text(globs.offset);
  for (uint32_t left = globs.count; left > 0; --left) {
    if (GlobMatch(pattern, text)) return true;
    if (left == 1) return false;
    while (*pattern != '\0') ++pattern;
    ++pattern;
  }
  return false;
}

bool HasSemicolon(const char* pattern) {
  for (; *pattern != '\0'; ++pattern) {
    if (*pattern == ';') return true;
  }
  return false;
}

// A pattern is held against each frame of "a;b;c", or against all of it when it names several frames itself.
bool StackGlob(const char* pattern, const char* stack) {
  if (HasSemicolon(pattern)) return GlobMatch(pattern, stack);
  for (const char* frame = stack;;) {
    const char* end = frame;
    while (*end != '\0' && *end != ';') ++end;
    if (GlobMatch(pattern, frame, end)) return true;
    if (*end == '\0') return false;
    frame = end + 1;
  }
}

bool AnyStackGlob(const ArmedPlan& plan, const GlobList& globs, const char* stack) {
  if (stack == nullptr) return false;
  const char* pattern = plan.text(globs.offset);
  for (uint32_t i = 0; i < globs.count; ++i) {
    if (StackGlob(pattern, stack)) return true;
    while (*pattern != '\0') ++pattern;
    ++pattern;
  }
  return false;
}

// The position of `call` among the calls that the (sorted, disjoint) ranges of `list` hold, from 0; -1 = not
// in them. An empty list holds every call.
int64_t PositionIn(const RangeList& list, int64_t call) {
  if (list.count == 0) return call - 1;
  int64_t before = 0;
  for (uint32_t i = 0; i < list.count; ++i) {
    const Range& range = list.ranges[i];
    if (call < range.first) return -1;
    if (call <= range.last) return before + (call - range.first);
    before += range.last - range.first + 1;
  }
  return -1;
}

uint64_t BoundedBelow(uint64_t random, uint64_t limit) {  // uniform in [0, limit), limit > 0
  return static_cast<uint64_t>((static_cast<unsigned __int128>(random) * limit) >> 64);
}

// Counts one firing unless the fault has used up its `times`.
bool TakeTurn(std::atomic<uint64_t>& fired, uint64_t times) {
  uint64_t seen = fired.load(std::memory_order_relaxed);
  while (seen < times) {
    if (fired.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace

// The normal distribution is the sum of twelve uniform numbers: the same on every machine (no libm), never
// further than six deviations from the mean; durations are cut at 0.
uint64_t Draw(const Distribution& distribution, const DrawPoint& point) {
  switch (distribution.kind) {
    case DistributionKind::kConstant:
      return distribution.a;
    case DistributionKind::kUniform: {
      const uint64_t width = distribution.b - distribution.a;
      if (width == UINT64_MAX) return point.Bits(kTime);
      return distribution.a + BoundedBelow(point.Bits(kTime), width + 1);
    }
    case DistributionKind::kNormal: {
      double deviations = -6.0;
      for (uint64_t i = 0; i < 12; ++i) deviations += point.Unit(kTime + i);
      const double value =
          static_cast<double>(distribution.a) + deviations * static_cast<double>(distribution.b);
      if (!(value > 0)) return 0;
      return value < 0x1p63 ? static_cast<uint64_t>(value) : uint64_t{1} << 63;
    }
  }
  return distribution.a;
}

uint64_t TimeOf(const ArmedPlan& plan, size_t fault, int32_t rank, uint64_t call) {
  return Draw(plan.fault(fault).time, DrawPoint(plan.seed(), fault, rank, call));
}

void Engine::Arm(const ArmedPlan* plan) {
  plan_ = plan;
  for (uint64_t& word : aimed_) word = 0;
  for (uint64_t& word : stack_) word = 0;
  for (uint64_t& word : path_) word = 0;
  for (auto& faults : faults_of_) {
    for (uint64_t& word : faults) word = 0;
  }
  const size_t count = plan == nullptr ? 0 : plan->size();
  for (size_t i = 0; i < kMaxFaults; ++i) {
    counters_[i].matched.store(0, std::memory_order_relaxed);
    counters_[i].fired.store(0, std::memory_order_relaxed);
    if (i >= count) continue;
    const ArmedFault& fault = plan->fault(i);
    Where& where = where_[i];
    where = {.keys = GivenKeys(fault), .comm = fault.comm};
    for (uint32_t key = 0; key < kNumbers - 1; ++key) {
      const RangeList& list = fault.*kNumberKeys[key].list;
      if (list.count == 0) continue;
      where.first = list.ranges[0].first;
      where.last = list.ranges[list.count - 1].last;
      where.value = key + 1;
      if (list.count == 1) where.keys &= ~uint32_t{kNumberKeys[key].key};  // the hull is all there is to test
      break;
    }
    for (size_t word = 0; word < kMaxApiWords; ++word) {
      aimed_[word] |= fault.apis[word];
      if (fault.needs_stack != 0) stack_[word] |= fault.apis[word];
      if (fault.path.count != 0) path_[word] |= fault.apis[word];
      for (uint64_t bits = fault.apis[word]; bits != 0; bits &= bits - 1) {
        faults_of_[word * 64 + static_cast<size_t>(__builtin_ctzll(bits))][i / 64] |= uint64_t{1} << (i % 64);
      }
    }
  }
}

bool Engine::MatchesWhere(size_t index, const Target& target, const CallView& call) const {
  const uint32_t keys = where_[index].keys;
  if ((keys & kComm) != 0 && !AnyGlob(*plan_, where_[index].comm, call.comm_name)) return false;
  if ((keys & ~uint32_t{kComm}) == 0) return true;
  const ArmedFault& fault = plan_->fault(index);
  if ((keys & kAnyNumber) != 0 && !MatchesNumbers(fault, keys, Numbers(target, call))) return false;
  if ((keys & kDtype) != 0 && (call.dtype < 0 || call.dtype > 31 || (fault.dtypes >> call.dtype & 1) == 0))
    return false;
  if ((keys & kHost) != 0 && !AnyGlob(*plan_, fault.host, target.host)) return false;
  if ((keys & kPath) != 0 && !AnyGlob(*plan_, fault.path, call.path)) return false;
  return (keys & kStack) == 0 || AnyStackGlob(*plan_, fault.stack, call.stack);
}

size_t Engine::Decide(const Target& target, const CallView& call, Decision* out, size_t capacity) {
  if (!IsAimedAt(call.api)) return 0;
  const Numbers numbers(target, call);
  size_t decided = 0;
  for (size_t word = 0; word < kFaultWords; ++word) {
    for (uint64_t bits = faults_of_[call.api][word]; bits != 0; bits &= bits - 1) {
      const size_t index = word * 64 + static_cast<size_t>(__builtin_ctzll(bits));
      const Where& where = where_[index];
      const int64_t value = numbers.values[where.value];
      if (value < where.first || value > where.last) continue;
      if (where.keys != 0 && !MatchesWhere(index, target, call)) continue;
      const ArmedFault& fault = plan_->fault(index);
      const uint64_t number = counters_[index].matched.fetch_add(1, std::memory_order_relaxed) + 1;
      if (decided == capacity) continue;
      const int64_t position = PositionIn(fault.call, static_cast<int64_t>(number));
      if (position < 0) continue;
      if (fault.every > 1 && static_cast<uint64_t>(position) % fault.every != 0) continue;
      if (fault.step.count != 0 && !Contains(fault.step, call.step)) continue;
      if (call.elapsed_ns < fault.after_ns || call.elapsed_ns > fault.until_ns) continue;
      const DrawPoint point(plan_->seed(), index, target.rank, number);
      if (fault.probability < 1.0 && point.Unit(kProbability) >= fault.probability) continue;
      if (!TakeTurn(counters_[index].fired, fault.times)) continue;
      out[decided++] = {.action = fault.action,
                        .fault = static_cast<uint16_t>(index),
                        .call = number,
                        .time_ns = Draw(fault.time, point),
                        .random = point.Bits(kAction),
                        .details = &fault};
    }
  }
  return decided;
}

}  // namespace rankle::plan
