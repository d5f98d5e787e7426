// Bugs of real training code that seeded_train has when asked: what each is, by name. Modelled on fixed bugs
// of corpora/bugs; which root cause each stands for: docs/taxonomy.md.
#ifndef RANKLE_CORPORA_PROGRAMS_SEEDED_BUG_H_
#define RANKLE_CORPORA_PROGRAMS_SEEDED_BUG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rankle::programs {

enum class Bug {
  kImport,          // a library of another version misses a function: the program ends before it trains
  kGroupOrder,      // collectives of two groups are issued in another order than elsewhere
  kUnevenBatches,   // this rank's data ends earlier; it leaves the loop and tears down
  kEarlyStop,       // stops by its own loss, without asking the others, and ends with success
  kNoSync,          // reduces in the micro-step in which the others only accumulate
  kOtherBuckets,    // a setting that must be equal everywhere is not: gradients are cut elsewhere
  kPaddedShard,     // the last shard was padded on this rank only: another count in the same collective
  kCheckpointWait,  // waits for a checkpoint file that no rank writes
  kUnreduced,       // all ranks leave a tied weight out of the reduction
  kMissingWait,     // the update does not wait for the reduction
  kStaleResume,     // goes on from parameters of an older step
  kOverflow,        // the gradient's scale leaves the range of float
  kKeptBuffers,     // keeps a buffer of every step
};

struct BugInfo {
  Bug bug;
  std::string_view name, summary;
  bool everywhere;  // all ranks have it
};

inline constexpr BugInfo kBugs[] = {
    {Bug::kImport, "import", "a library of another version misses a function", false},
    {Bug::kGroupOrder, "group-order", "collectives of two groups in another order", false},
    {Bug::kUnevenBatches, "uneven-batches", "data ends earlier than elsewhere", false},
    {Bug::kEarlyStop, "early-stop", "stops by its own loss and ends with success", false},
    {Bug::kNoSync, "no-sync", "reduces where the others accumulate", false},
    {Bug::kOtherBuckets, "other-buckets", "gradients are cut into other buckets", false},
    {Bug::kPaddedShard, "padded-shard", "another count in the same collective", false},
    {Bug::kCheckpointWait, "checkpoint-wait", "waits for a file that nobody writes", false},
    {Bug::kUnreduced, "unreduced", "a tied weight is not reduced, on all ranks", true},
    {Bug::kMissingWait, "missing-wait", "the update does not wait for the reduction", false},
    {Bug::kStaleResume, "stale-resume", "goes on from older parameters", false},
    {Bug::kOverflow, "overflow", "the gradient overflows", false},
    {Bug::kKeptBuffers, "kept-buffers", "keeps a buffer of every step", false},
};

// One bug, and where and when it shows.
struct SeededBug {
  std::optional<BugInfo> info;  // none: the program is sound
  int rank = 1;
  int64_t step = 20;

  // `on_rank` has `bug` in this step.
  bool Has(Bug bug, int on_rank, int64_t in_step) const {
    return info && info->bug == bug && in_step >= step && (info->everywhere || on_rank == rank);
  }
};

// Nothing for a name that is not in kBugs.
inline std::optional<BugInfo> FindBug(std::string_view name) {
  for (const BugInfo& info : kBugs) {
    if (info.name == name) return info;
  }
  return std::nullopt;
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_SEEDED_BUG_H_
