// What instrumented sources call. Header only, C++11, no dependency but the C library, any compiler: it is
// copied into an overlay tree and included by every unit there.
//
// Environment
//   RANKLE_POINTS_OUT (or RANKLE_OUT): where the record goes (rankle_points_format.h). Unset: nothing is
//   recorded. RANKLE_POINTS_ARM: faults, separated by `;`:  ACTION ID [hit=N] [times=M] [ms=T] [chance=P
//   seed=S]
//     fail ID     an error call returns its error instead of being made
//     throw ID    the branch that guards a throw takes the way to it
//     negate ID   the answer of a detector, or the outcome of a branch, is inverted
//     delay ID    T milliseconds of busy waiting at the point; of a loop: at the start of an iteration
//     What never fired is said when the process exits.
//     hit: the first time that counts (1); times: how often from there (1; 0: for ever); chance: in percent,
//     drawn anew for each of them. `@FILE`: read that file instead.
// Threads: everything may be called from any of them at any time. No locks. A fork gets a record of its own.
#pragma once
#ifdef __cplusplus

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <system_error>

#include "rankle_points_format.h"

namespace rankle_points {
namespace internal {

enum Action { kNothing = 0, kFail = 1, kThrow = 2, kNegate = 3, kDelay = 4 };

// By its number.
inline const char* NameOf(int action) {
  static const char* const kNames[] = {"", "fail", "throw", "negate", "delay"};
  return kNames[action];
}

struct Armed {
  uint64_t point;
  int action;
  uint64_t hit, times, milliseconds, chance, seed;
  std::atomic<uint64_t> hits, fired;
};

constexpr int kMostArmed = 8;

// The frames of instrumented calls, and the steps of the innermost iteration, of one thread.
struct Frame {
  uint64_t function;
  Frame* up;
};
// A loop within an iteration, and what it came to so far.
struct Inner {
  SiteEntry* loop;
  NestEntry* entry;
  uint64_t iterations;  // 0: it did not run in this iteration
};
constexpr int kMostInner = 8;  // in one run of a loop; more are lost, and counted
struct Steps {
  uint64_t hash, count;
  uint64_t last[kKeptSteps];
  uint64_t loop;       // whose iteration it is
  FileHeader* record;  // what `inner` and the loop's own entries lie in: a fork may have come between
  int inner_count;
  Inner inner[kMostInner];
};
struct ThreadState {
  Frame* top;
  Steps* current;  // nullptr: outside of every loop
};

// Templates, because C++11 has no inline variables: one copy a program (or a library with hidden symbols).
template <typename T = void>
struct Global {
  static std::atomic<int> phase;   // 0: not started, 1: starting, 2: ready
  static std::atomic<int> active;  // 0: known to record and inject nothing
  static std::atomic<FileHeader*> record;
  static Armed armed[kMostArmed];
  static int armed_count;
  static pid_t armed_in;
  static __thread ThreadState thread;
};
template <typename T>
std::atomic<int> Global<T>::phase{0};
template <typename T>
std::atomic<int> Global<T>::active{1};
template <typename T>
std::atomic<FileHeader*> Global<T>::record{nullptr};
template <typename T>
Armed Global<T>::armed[kMostArmed];
template <typename T>
int Global<T>::armed_count = 0;
template <typename T>
pid_t Global<T>::armed_in = 0;
template <typename T>
__thread ThreadState Global<T>::thread = {nullptr, nullptr};

inline uint64_t Now(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

inline uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}

inline void OpenRecord() {
  const char* folder = getenv("RANKLE_POINTS_OUT");
  if (!folder || !*folder) folder = getenv("RANKLE_OUT");
  Global<>::record.store(nullptr);
  if (!folder || !*folder) return;
  char path[4096];
  const uint64_t monotonic = Now(CLOCK_MONOTONIC);
  const int length = snprintf(path, sizeof(path), "%s/points-%d-%llu.rkp", folder, static_cast<int>(getpid()),
                              static_cast<unsigned long long>(monotonic));
  if (length < 0 || static_cast<size_t>(length) >= sizeof(path)) return;
  const uint64_t signatures_offset = sizeof(FileHeader) + kSiteCapacity * sizeof(SiteEntry);
  const uint64_t nests_offset = signatures_offset + kSignatureCapacity * sizeof(SignatureEntry);
  const uint64_t bytes = nests_offset + kNestCapacity * sizeof(NestEntry);
  const int file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
  if (file < 0) {
    fprintf(stderr, "rankle: %s: nothing is recorded: %s\n", path, strerror(errno));
    return;
  }
  const int full = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* map = full == 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  if (map == MAP_FAILED) {
    fprintf(stderr, "rankle: %s: nothing is recorded: %s\n", path, strerror(full ? full : errno));
    unlink(path);
    return;
  }
  FileHeader* header = static_cast<FileHeader*>(map);  // all zeros, as the file is
  header->version_major = kVersionMajor;
  header->version_minor = kVersionMinor;
  header->pid = static_cast<uint32_t>(getpid());
  header->realtime_ns = Now(CLOCK_REALTIME);
  header->monotonic_ns = monotonic;
  header->site_capacity = kSiteCapacity;
  header->signature_capacity = kSignatureCapacity;
  header->site_bytes = sizeof(SiteEntry);
  header->signature_bytes = sizeof(SignatureEntry);
  header->sites_offset = sizeof(FileHeader);
  header->signatures_offset = signatures_offset;
  header->nest_capacity = kNestCapacity;
  header->nest_bytes = sizeof(NestEntry);
  header->nests_offset = nests_offset;
  memcpy(header->magic, "RNKLPTS1", 8);
  Global<>::record.store(header, std::memory_order_release);
}

// "fail 0123456789abcdef hit=3", up to `;` or the end.
inline const char* ArmOne(const char* text) {
  char words[8][128];
  int count = 0;
  const char* at = text;
  while (*at && *at != ';' && *at != '\n') {
    while (*at == ' ' || *at == '\t') ++at;
    size_t length = strcspn(at, " \t;\n");
    if (length == 0) continue;
    if (count < 8) {
      const size_t kept = length < sizeof(words[0]) - 1 ? length : sizeof(words[0]) - 1;
      memcpy(words[count], at, kept);
      words[count++][kept] = 0;
    }
    at += length;
  }
  const char* next = *at ? at + 1 : at;
  if (count == 0) return next;
  if (count < 2 || Global<>::armed_count == kMostArmed) {
    fprintf(stderr, "rankle: RANKLE_POINTS_ARM: '%s': %s\n", words[0],
            count < 2 ? "no point" : "too many faults");
    return next;
  }
  Armed& armed = Global<>::armed[Global<>::armed_count];
  armed.action = kNothing;
  for (int action = kFail; action <= kDelay; ++action) {
    if (strcmp(words[0], NameOf(action)) == 0) armed.action = action;
  }
  char* end = nullptr;
  armed.point = strtoull(words[1], &end, 16);
  bool sound = armed.action != kNothing && *end == 0;
  armed.hit = armed.times = 1;
  armed.milliseconds = 100;  // the shortest delay that CSnake's campaigns use
  armed.chance = 100;
  armed.seed = 0;
  for (int i = 2; i < count; ++i) {
    const char* equals = strchr(words[i], '=');
    const uint64_t value = equals ? strtoull(equals + 1, &end, 10) : 0;
    const size_t name = equals ? static_cast<size_t>(equals - words[i]) : 0;
    sound = sound && equals && equals[1] && *end == 0;
    if (name == 3 && strncmp(words[i], "hit", 3) == 0) {
      armed.hit = value;
      sound = sound && value > 0;  // the first hit is 1: 0 would never be
    } else if (name == 5 && strncmp(words[i], "times", 5) == 0) {
      armed.times = value;
    } else if (name == 2 && strncmp(words[i], "ms", 2) == 0) {
      armed.milliseconds = value;
    } else if (name == 6 && strncmp(words[i], "chance", 6) == 0) {
      armed.chance = value;
    } else if (name == 4 && strncmp(words[i], "seed", 4) == 0) {
      armed.seed = value;
    } else {
      sound = false;
    }
  }
  if (!sound) {
    fprintf(stderr,
            "rankle: RANKLE_POINTS_ARM: '%s %s ...' is not ACTION ID [hit=N] [times=M] [ms=T] [chance=P "
            "seed=S] with N from 1\n",
            words[0], words[1]);
    return next;
  }
  ++Global<>::armed_count;
  return next;
}

inline void ReadArmed() {
  const char* text = getenv("RANKLE_POINTS_ARM");
  if (!text || !*text) return;
  static char buffer[4096];
  if (*text == '@') {
    FILE* file = fopen(text + 1, "re");
    if (!file) {
      fprintf(stderr, "rankle: RANKLE_POINTS_ARM: %s: %s\n", text + 1, strerror(errno));
      return;
    }
    buffer[fread(buffer, 1, sizeof(buffer) - 1, file)] = 0;
    fclose(file);
    text = buffer;
  }
  while (*text) text = ArmOne(text);
}

// At the exit of the process that read RANKLE_POINTS_ARM; a child forked by it is silent.
inline void SayUnfired() {
  if (getpid() != Global<>::armed_in) return;
  for (int i = 0; i < Global<>::armed_count; ++i) {
    const Armed& armed = Global<>::armed[i];
    if (armed.fired.load(std::memory_order_relaxed) > 0) continue;
    fprintf(stderr,
            "rankle: RANKLE_POINTS_ARM: '%s %016llx' never fired in process %d: reached %llu times as a "
            "point to %s, hit=%llu\n",
            NameOf(armed.action), static_cast<unsigned long long>(armed.point),
            static_cast<int>(Global<>::armed_in),
            static_cast<unsigned long long>(armed.hits.load(std::memory_order_relaxed)), NameOf(armed.action),
            static_cast<unsigned long long>(armed.hit));
  }
}

inline void StartOnce() {
  int fresh = 0;
  if (Global<>::phase.compare_exchange_strong(fresh, 1)) {
    const int saved = errno;
    ReadArmed();
    Global<>::armed_in = getpid();
    if (Global<>::armed_count > 0) atexit(&SayUnfired);
    OpenRecord();
    pthread_atfork(nullptr, nullptr, &OpenRecord);
    errno = saved;
    if (Global<>::armed_count == 0 && !Global<>::record.load()) Global<>::active.store(0);
    Global<>::phase.store(2, std::memory_order_release);
  }
  // Another thread that comes here meanwhile goes on without a record.
}

// True when the runtime has started; starts it.
inline bool Ready() {
  const int phase = Global<>::phase.load(std::memory_order_acquire);
  if (phase == 2) return true;
  if (phase == 0) StartOnce();
  return Global<>::phase.load(std::memory_order_acquire) == 2;
}

struct Callers {
  uint64_t caller, caller_of_caller;
};
inline Callers CurrentCallers() {
  const Frame* own = Global<>::thread.top;
  const Frame* caller = own ? own->up : nullptr;
  const Frame* above = caller ? caller->up : nullptr;
  Callers callers = {caller ? caller->function : 0, above ? above->function : 0};
  return callers;
}

// The entry of a key, found or made; nullptr: the table is full around its place. `fill` is called once, by
// who made it.
template <typename Entry, typename Fill>
inline Entry* FindEntry(FileHeader* record, uint64_t offset, uint32_t capacity, uint64_t key,
                        std::atomic<uint64_t>& lost, const Fill& fill) {
  Entry* entries = reinterpret_cast<Entry*>(reinterpret_cast<char*>(record) + offset);
  for (uint32_t probe = 0; probe < 64; ++probe) {  // longer ways mean a table that is full
    Entry& entry = entries[(key + probe) & (capacity - 1)];
    uint64_t found = entry.key.load(std::memory_order_acquire);
    if (found == 0 && entry.key.compare_exchange_strong(found, key)) {
      fill(entry);
      return &entry;
    }
    if (found == key) return &entry;
  }
  lost.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

// Is there anything to record or to inject? The one question that most hooks ask.
inline bool Active() { return Global<>::active.load(std::memory_order_relaxed) != 0 && Ready(); }

inline SiteEntry* Site(uint64_t point) {
  if (!Active()) return nullptr;
  FileHeader* record = Global<>::record.load(std::memory_order_acquire);
  if (!record) return nullptr;
  const Callers callers = CurrentCallers();
  const uint64_t key = Mix(Mix(Mix(1, point), callers.caller), callers.caller_of_caller) | 1;
  return FindEntry<SiteEntry>(record, record->sites_offset, kSiteCapacity, key, record->lost_sites,
                              [&](SiteEntry& entry) {
                                entry.caller = callers.caller;
                                entry.caller_of_caller = callers.caller_of_caller;
                                entry.point = point;
                              });
}

inline void Add(std::atomic<uint64_t>& counter, uint64_t by) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

inline void Step(uint64_t point, unsigned outcome) {
  Steps* steps = Global<>::thread.current;
  if (!steps) return;
  const uint64_t step = (point & ~uint64_t(0xff)) | (outcome & 0xff);
  steps->hash = Mix(steps->hash, step);
  steps->last[steps->count++ % kKeptSteps] = step;
}

// Which of LeastOfBin's bins; `iterations` > 0.
inline uint32_t BinOf(uint64_t iterations) {
  uint32_t bin = iterations < 17 ? static_cast<uint32_t>(iterations) - 1 : 16;
  while (iterations >= 17 && bin + 1 < kNestBins && iterations >= LeastOfBin(bin + 1)) ++bin;
  return bin;
}

// A run of a loop has ended within an iteration of another one. Of the iteration in which a process was
// forked, the child counts nothing.
inline void EndInner(Steps& around, SiteEntry* loop, uint64_t iterations) {
  FileHeader* record = Global<>::record.load(std::memory_order_acquire);
  if (!record || around.record != record) return;
  for (int i = 0; i < around.inner_count; ++i) {
    if (around.inner[i].loop != loop) continue;
    around.inner[i].iterations += iterations;
    return;
  }
  if (around.inner_count == kMostInner) {
    Add(record->lost_nests, 1);
    return;
  }
  const uint64_t key = Mix(loop->key.load(std::memory_order_relaxed), around.loop) | 1;
  NestEntry* const entry = FindEntry<NestEntry>(record, record->nests_offset, kNestCapacity, key,
                                                record->lost_nests, [&](NestEntry& fresh) {
                                                  fresh.caller = loop->caller;
                                                  fresh.caller_of_caller = loop->caller_of_caller;
                                                  fresh.parent = around.loop;
                                                  fresh.point = loop->point;
                                                });
  if (!entry) return;
  const Inner inner = {loop, entry, iterations};
  around.inner[around.inner_count++] = inner;
}

inline void EndIterationAround(Steps& around) {
  for (int i = 0; i < around.inner_count; ++i) {
    Inner& inner = around.inner[i];
    if (inner.iterations > 0) Add(inner.entry->bins[BinOf(inner.iterations)], 1);
    inner.iterations = 0;
  }
}

inline void Spin(uint64_t milliseconds) {
  const uint64_t end = Now(CLOCK_MONOTONIC) + milliseconds * 1000000u;
  while (Now(CLOCK_MONOTONIC) < end) {
  }
}

// Does a fault fire? Delays happen here; the others are the caller's to carry out.
inline bool FiresSlowly(uint64_t point, int action, SiteEntry* site) {
  bool fires = false;
  for (int i = 0; i < Global<>::armed_count; ++i) {
    Armed& armed = Global<>::armed[i];
    if (armed.point != point || (armed.action != kDelay && armed.action != action)) continue;
    const uint64_t hit = armed.hits.fetch_add(1, std::memory_order_relaxed) + 1;
    if (hit < armed.hit || (armed.times != 0 && hit >= armed.hit + armed.times)) continue;
    if (armed.chance < 100 && Mix(Mix(7, armed.seed), hit) % 100 >= armed.chance) continue;
    if (site) Add(site->injected, 1);
    armed.fired.fetch_add(1, std::memory_order_relaxed);
    if (armed.action == kDelay) {
      Spin(armed.milliseconds);
    } else {
      fires = true;
    }
  }
  return fires;
}

inline bool Fires(uint64_t point, int action, SiteEntry* site) {
  return Active() && Global<>::armed_count > 0 && FiresSlowly(point, action, site);
}

}  // namespace internal

// One call of a function. Also ended by exceptions.
class Scope {
 public:
  explicit Scope(uint64_t function) {
    internal::ThreadState& thread = internal::Global<>::thread;
    frame_.function = function;
    frame_.up = thread.top;
    thread.top = &frame_;
  }
  ~Scope() { internal::Global<>::thread.top = frame_.up; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  internal::Frame frame_;
};

// One run of a loop.
class Loop {
 public:
  explicit Loop(uint64_t point)
      : point_(point),
        site_(internal::Site(point)),
        last_(nullptr),
        last_hash_(0),
        iterations_(0),
        counted_(0),
        seen_(0) {
    if (site_) internal::Add(site_->hits, 1);
    internal::ThreadState& thread = internal::Global<>::thread;
    around_ = thread.current;
    steps_.hash = steps_.count = 0;
    steps_.loop = point;
    steps_.record = Record();
    steps_.inner_count = 0;
    thread.current = &steps_;
  }
  ~Loop() {
    internal::Global<>::thread.current = around_;
    if (!site_ || steps_.record != Record()) return;
    if (iterations_ > 0) EndIteration();
    Flush();
    if (around_ && iterations_ > 0) internal::EndInner(*around_, site_, iterations_);
    uint64_t most = site_->most.load(std::memory_order_relaxed);
    while (most < iterations_ &&
           !site_->most.compare_exchange_weak(most, iterations_, std::memory_order_relaxed)) {
    }
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // At the start of each iteration.
  void Next() {
    if (steps_.record != Record()) GoOnInChild();
    if (site_) {
      if (iterations_ > 0) EndIteration();
      if (++iterations_ <= 64 || iterations_ - counted_ >= 64) Flush();
    }
    steps_.hash = steps_.count = 0;
    if (internal::Active()) internal::Fires(point_, internal::kDelay, site_);
  }

 private:
  static FileHeader* Record() { return internal::Global<>::record.load(std::memory_order_acquire); }
  // The process was forked in this run: the child counts it in its own record, from this iteration on.
  void GoOnInChild() {
    steps_.record = Record();
    steps_.inner_count = 0;
    last_ = nullptr;
    last_hash_ = iterations_ = counted_ = seen_ = 0;
    site_ = internal::Site(point_);
    if (site_) internal::Add(site_->hits, 1);
  }
  // Most iterations take the way of the one before.
  void EndIteration() {
    if (!last_ || steps_.hash != last_hash_) FindSignature();
    ++seen_;
    if (steps_.inner_count > 0) internal::EndIterationAround(steps_);
  }
  void Flush() {
    if (iterations_ != counted_) internal::Add(site_->count, iterations_ - counted_);
    counted_ = iterations_;
    if (last_ && seen_ > 0) internal::Add(last_->seen, seen_);
    seen_ = 0;
  }
  void FindSignature() {
    Flush();
    last_ = nullptr;
    last_hash_ = steps_.hash;
    FileHeader* record = steps_.record;
    if (!record) return;
    const uint64_t key = internal::Mix(site_->key.load(std::memory_order_relaxed), steps_.hash) | 1;
    last_ = internal::FindEntry<SignatureEntry>(
        record, record->signatures_offset, kSignatureCapacity, key, record->lost_signatures,
        [this](SignatureEntry& fresh) {
          fresh.caller = site_->caller;
          fresh.caller_of_caller = site_->caller_of_caller;
          fresh.signature = steps_.hash;
          fresh.steps = steps_.count;
          const uint64_t kept = steps_.count < kKeptSteps ? steps_.count : kKeptSteps;
          for (uint64_t i = 0; i < kept; ++i)
            fresh.last[i] = steps_.last[(steps_.count - kept + i) % kKeptSteps];
          fresh.point = point_;
        });
  }

  const uint64_t point_;
  SiteEntry* site_;
  SignatureEntry* last_;  // of the iteration before
  uint64_t last_hash_, iterations_, counted_, seen_;
  internal::Steps* around_;
  internal::Steps steps_;
};

// A branch: its outcome is a step; it may be negated.
inline bool Branch(uint64_t point, bool outcome) {
  if (internal::Fires(point, internal::kNegate, nullptr)) outcome = !outcome;
  internal::Step(point, outcome);
  return outcome;
}
// ... where what is written is the opposite of the condition.
inline bool BranchNot(uint64_t point, bool opposite) { return !Branch(point, !opposite); }

// A switch: the value is the outcome, as far as a byte holds it.
template <typename T>
inline T Case(uint64_t point, T value) {
  internal::Step(point, static_cast<unsigned>(value));
  return value;
}

// The guard of a throw: `to_throw` is the value that leads to it.
inline bool Force(uint64_t point, bool to_throw, bool value) {
  SiteEntry* site = internal::Site(point);
  if (internal::Fires(point, internal::kThrow, site)) value = to_throw;
  if (site) {
    internal::Add(site->hits, 1);
    if (value == to_throw) internal::Add(site->count, 1);
  }
  if (value == to_throw) internal::Step(point, 1);
  return value;
}

// An error call: true when its error is to be returned instead of making it.
inline bool Fails(uint64_t point) {
  SiteEntry* site = internal::Site(point);
  if (site) internal::Add(site->hits, 1);
  const bool fails = internal::Fires(point, internal::kFail, site);
  internal::Step(point, fails);
  return fails;
}

// The answer of an error detector.
inline bool Negate(uint64_t point, bool answer) {
  SiteEntry* site = internal::Site(point);
  if (internal::Fires(point, internal::kNegate, site)) answer = !answer;
  if (site) {
    internal::Add(site->hits, 1);
    if (answer) internal::Add(site->count, 1);
  }
  internal::Step(point, answer);
  return answer;
}

}  // namespace rankle_points

#endif  // __cplusplus
