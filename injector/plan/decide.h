// Decides, call by call, which faults fire: the pure core of the injector. No clock, environment, lock,
// allocation or exception; the same plan, seed and sequence of calls give the same decisions.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "injector/plan/armed_plan.h"
#include "injector/plan/random.h"

namespace rankle::plan {

// The process, as far as it is known; fields may be filled in later (rank from the largest communicator).
struct Target {
  int32_t rank = -1, local_rank = -1;
  const char* host = "";
};

// One intercepted call; unset fields mean "the call has no such thing" and never match a key that is given.
struct CallView {
  uint16_t api = 0;
  int32_t comm_rank = -1, comm_size = -1;
  const char* comm_name = nullptr;
  int64_t bytes = -1;  // payload: count x element size, or the size argument
  int32_t dtype = -1;
  int32_t peer = -1;        // peer or root
  uint64_t elapsed_ns = 0;  // since process start
  int64_t step = -1;
  int64_t site = -1;            // id of the call site (tracer/sites/site_id.h)
  const char* stack = nullptr;  // symbolised frames separated by ';', only when needs_stack(api)
  const char* path = nullptr;   // absolute, of the file that the call is about, only when NeedsPath(api)
};

// What to do for one fault that fired.
struct Decision {
  Action action = Action::kNone;
  uint16_t fault = 0;    // index into the plan
  uint64_t call = 0;     // which matching call of this process it was, from 1
  uint64_t time_ns = 0;  // drawn from the fault's `time`
  uint64_t random = 0;   // seeded per (fault, rank, call): offsets and bits of `corrupt`
  const ArmedFault* details = nullptr;
};

// What a fault of the plan draws from its `time` at the `call`-th match on that rank.
uint64_t TimeOf(const ArmedPlan& plan, size_t fault, int32_t rank, uint64_t call);

class Engine {
 public:
  // `plan` must outlive the engine.
  void Arm(const ArmedPlan* plan);
  // Any fault aimed at this function at all? One load and a bit test: the fast way out of every hook.
  bool IsAimedAt(uint16_t api) const {
    return api < kMaxApiWords * 64 && (aimed_[api / 64] >> (api % 64) & 1);
  }
  bool NeedsStack(uint16_t api) const {
    return api < kMaxApiWords * 64 && (stack_[api / 64] >> (api % 64) & 1);
  }
  bool NeedsPath(uint16_t api) const {
    return api < kMaxApiWords * 64 && (path_[api / 64] >> (api % 64) & 1);
  }
  // Writes the decisions for this call, in plan order, to `out`; returns how many (<= capacity). Thread safe,
  // lock free.
  size_t Decide(const Target& target, const CallView& call, Decision* out, size_t capacity);
  // How often a fault has fired / matched in this process (for "planned but never fired").
  uint64_t fired(size_t fault) const { return counters_[fault].fired.load(std::memory_order_relaxed); }
  uint64_t matched(size_t fault) const { return counters_[fault].matched.load(std::memory_order_relaxed); }
  const ArmedPlan* plan() const { return plan_; }

 private:
  struct alignas(64) Counter {
    std::atomic<uint64_t> matched{0};
    std::atomic<uint64_t> fired{0};
  };
  // What `where` of one fault asks for, packed: its most telling number key is tried first, without touching
  // the fault.
  struct alignas(32) Where {
    int64_t first = 0, last = 0;  // hull of that key's ranges
    uint32_t value = 0;           // which number of the call it is about; see Numbers in decide.cc
    uint32_t keys = 0;            // the keys left to test; bits are in decide.cc
    GlobList comm;                // copy: the commonest pattern, so it needs no look at the fault either
  };
  bool MatchesWhere(size_t fault, const Target& target, const CallView& call) const;
  static constexpr size_t kFaultWords = kMaxFaults / 64;

  const ArmedPlan* plan_ = nullptr;
  uint64_t aimed_[kMaxApiWords] = {};
  uint64_t stack_[kMaxApiWords] = {}, path_[kMaxApiWords] = {};
  uint64_t faults_of_[kMaxApiWords * 64][kFaultWords] = {};  // per api: the faults aimed at it
  Where where_[kMaxFaults];
  Counter counters_[kMaxFaults];
};

// Finds training steps from the calls themselves where no marks exist: the shortest period of the sequence of
// (api, count, comm) signatures of collectives. Fed one signature a call from one thread at a time; fixed
// memory.
class StepDetector {
 public:
  // Returns the current step (>= 0) once a period has been confirmed three times, else -1.
  int64_t Observe(uint64_t signature);
  int64_t step() const { return step_; }
  uint32_t period() const { return period_; }

 private:
  static constexpr uint32_t kHistory = 4096;  // power of two; the longest period found is a quarter of it
  static constexpr uint32_t kLongestPeriod = kHistory / 4 - 1;

  uint64_t Prefix(uint64_t index) const { return history_[index % kHistory]; }
  uint64_t Signature(uint64_t index) const;
  bool Repeats(uint32_t period) const;
  void Follow(uint64_t signature);
  void Search();
  void Lock(uint32_t period);

  uint64_t history_[kHistory] =
      {};                // rolling hash of all signatures before index i: any two stretches compare in O(1)
  uint64_t count_ = 0;   // signatures seen
  uint32_t period_ = 0;  // 0 until the first lock
  bool locked_ = false;  // the last call fitted the period
  uint32_t next_candidate_ = 1;  // where the search goes on at the next call
  uint64_t region_ = 0;          // index of the first call of the current stretch of whole periods
  uint64_t region_step_ = 0;     // its step
  uint64_t broken_at_ = 0;       // index of the last call that did not fit
  int64_t step_ = -1;
};

// The value of a distribution at one point.
uint64_t Draw(const Distribution& distribution, const DrawPoint& point);

}  // namespace rankle::plan
