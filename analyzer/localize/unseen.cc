#include "analyzer/localize/unseen.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"

namespace rankle::localize {
namespace {

constexpr size_t kMostShown = 4;

void AddOnce(std::vector<int32_t>& list, const std::vector<int32_t>& more) {
  list.insert(list.end(), more.begin(), more.end());
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

void YieldToUnseen(const store::Store& store, const std::vector<Wait>& waits,
                   const std::vector<LeftBehind>& behind, std::vector<Stall>& stalls) {
  Stall unseen;
  unseen.kind = StallKind::kNoRecord;
  size_t found = 0;
  for (const Wait& wait : waits) {
    if (wait.kind != WaitKind::kCollective && wait.kind != WaitKind::kP2p) continue;
    const bool waits_for_others = std::any_of(wait.waiters.begin(), wait.waiters.end(),
                                              [&](int32_t rank) { return behind[rank].groups == 0; });
    const bool lacks_members =
        !wait.missing_holders.empty() || (wait.kind == WaitKind::kCollective && wait.unknown_holders > 0);
    if (!lacks_members || !waits_for_others || !wait.IsStalled()) continue;
    if (found++ < kMostShown) unseen.evidence.push_back(DescribeWait(store, wait));
    AddOnce(unseen.victims, wait.waiters);
    if (found == 1) {
      unseen.wait = wait;
    } else {
      AddOnce(unseen.wait.missing_holders, wait.missing_holders);
    }
  }
  if (found == 0) return;
  for (const Stall& stall : stalls) {
    if (stall.culprits.empty() || stall.kind == StallKind::kNoRecord) continue;
    AddOnce(unseen.suspects, stall.culprits);
    unseen.evidence.push_back(
        absl::StrCat("what is known points at rank ", store::RankList(GlobalRanks(store, stall.culprits)),
                     " (", StallKindName(stall.kind), "), which may not be all, or may wait for ",
                     unseen.wait.missing_holders.empty()
                         ? "others itself"
                         : absl::StrCat("rank ", store::RankList(unseen.wait.missing_holders), " itself")));
    unseen.evidence.insert(
        unseen.evidence.end(), stall.evidence.begin(),
        stall.evidence.begin() + static_cast<int64_t>(std::min(stall.evidence.size(), kMostShown)));
  }
  stalls = {std::move(unseen)};
}

}  // namespace rankle::localize
