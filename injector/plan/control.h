// The control page: a small file shared by `rankle run`, `rankle release` and every process of the job. It
// carries releases of `hang` and counts what fired. Mapped MAP_SHARED; fixed width; every field is an atomic
// or constant after creation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "injector/plan/armed_plan.h"

namespace rankle::plan {

inline constexpr char kControlMagic[8] = {'R', 'N', 'K', 'L', 'C', 'T', 'L', '1'};

struct FaultControl {
  std::atomic<uint32_t>
      released;                   // != 0: hangs of this fault end (a futex word: FUTEX_WAKE after setting it)
  std::atomic<uint32_t> hanging;  // how many threads hang on it now
  std::atomic<uint64_t> matched;  // over all processes, added when they end or every second
  std::atomic<uint64_t> fired;    // over all processes, added as it happens
};

struct ControlPage {
  char magic[8];
  uint32_t version;
  uint32_t fault_count;
  std::atomic<uint32_t> stop;  // != 0: the run is being ended; hangs are released
  uint32_t reserved[11];
  FaultControl faults[kMaxFaults];
};
static_assert(std::is_standard_layout_v<ControlPage>);
static_assert(std::atomic<uint64_t>::is_always_lock_free && sizeof(FaultControl) == 24);

}  // namespace rankle::plan
