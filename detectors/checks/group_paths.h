// What happens to NCCL's groups on the paths of one function or lambda: which groups are open at each call,
// where one stays open, where one too many is closed. Paths that contradict themselves are left out: a branch
// that was taken is taken again while nothing writes what it asks, and a call that failed did nothing.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "detectors/checks/function_view.h"
#include "detectors/checks/summaries.h"

namespace rankle::lint {

struct GroupLeak {
  int opener = 0;          // node of the call that opened it
  bool exception = false;  // it stays open when an exception leaves the function
  bool failure = false;    // ... only where a call has failed, and the function says so to its caller
  const clang::Stmt* left_at = nullptr;  // the return or throw; nullptr: the end
};

// Two transfers that wait for each other, on one path, not in one group.
struct LoosePair {
  int first = 0, second = 0;  // nodes of the calls, in the order of the path
  auto operator<=>(const LoosePair&) const = default;
};

struct GroupPaths {
  std::vector<GroupLeak> leaks;  // one for each opener
  std::set<int> extra_ends;      // nodes of calls that close what this function did not open
  struct Depth {
    int least = 0, most = 0;
    bool queued = false;    // on some path the group that is open there has operations in it
    std::set<int> openers;  // outermost groups
  };
  std::map<int, Depth> depth;  // of each call that is reached
  std::set<LoosePair> loose;
  FunctionSummary summary;  // what of it concerns groups and transfers
  bool complete = true;     // false: too many paths; what is missing here may still happen
};

// nullopt: there is no graph, or nothing in it concerns groups.
std::optional<GroupPaths> FollowGroups(const FunctionView& function, int lambda, const Summaries& summaries);

}  // namespace rankle::lint
