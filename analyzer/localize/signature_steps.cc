// Where all calls look alike, a skipped or repeated one does not change the sequence of signatures. Step
// marks still show it: the rank issued one collective less (or more) than the others in that step.
#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"
#include "analyzer/localize/signature.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

struct StepCount {
  int count = 0;
  uint32_t first = 0;  // operation
};

// Collectives per step of a member. The first retained and the last step are left out: they may be
// incomplete.
std::map<int32_t, StepCount> CountBySteps(const Store& store, const store::Member& member) {
  std::map<int32_t, StepCount> steps;
  for (uint32_t op : member.collectives) {
    const int32_t step = store.operations.step[op];
    if (step == kNone) continue;
    auto [it, added] = steps.try_emplace(step);
    if (added) it->second.first = op;
    ++it->second.count;
  }
  if (!steps.empty()) steps.erase(steps.begin());
  if (!steps.empty()) steps.erase(std::prev(steps.end()));
  return steps;
}

// The first step in which few ranks differ from what most issued.
void CompareCommunicator(const Store& store, int32_t c, std::vector<Disagreement>& found) {
  std::map<int32_t, std::map<int, std::vector<const store::Member*>>> by_step;  // step -> count -> members
  absl::flat_hash_map<const store::Member*, std::map<int32_t, StepCount>> counts;
  for (const store::Member& m : store.communicators[c].members) {
    if (m.rank == kNone) continue;
    auto& steps = counts[&m] = CountBySteps(store, m);
    for (const auto& [step, s] : steps) by_step[step][s.count].push_back(&m);
  }
  for (const auto& [step, camps] : by_step) {
    if (camps.size() < 2) continue;
    size_t voters = 0;
    auto most = camps.begin();
    for (auto it = camps.begin(); it != camps.end(); ++it) {
      voters += it->second.size();
      if (it->second.size() > most->second.size()) most = it;
    }
    if (most->second.size() * 2 <= voters || voters < counts.size()) continue;
    Disagreement d;
    d.communicator = c, d.field = "order";
    d.support = static_cast<double>(most->second.size()) / static_cast<double>(voters);
    bool fewer = false;
    for (const auto& [count, members] : camps) {
      for (const store::Member* m : members)
        (count == most->first ? d.others : d.culprits).push_back(m->rank);
      if (count == most->first) continue;
      fewer = count < most->first;
      d.operation = counts[members[0]][step].first;
    }
    d.kind = fewer ? DisagreementKind::kSkipped : DisagreementKind::kRepeated;
    d.seq = store.operations.seq[d.operation], d.time = store.operations.entered[d.operation];
    std::sort(d.culprits.begin(), d.culprits.end());
    d.what = absl::StrCat(d.culprits.size() == 1 ? "rank " : "ranks ",
                          store::RankList(GlobalRanks(store, d.culprits)),
                          fewer ? " issued fewer" : " issued more", " collectives than the others in step ",
                          step, " on communicator ", store.communicators[c].name);
    for (const auto& [count, members] : camps) {
      d.evidence.push_back(
          absl::StrCat("step ", step, ": ", members.size(), " ranks issued ", count, " collectives"));
    }
    found.push_back(std::move(d));
    return;
  }
}

}  // namespace

void FindStepDisagreements(const Store& store, std::vector<Disagreement>& found) {
  for (int32_t c = 0; c < static_cast<int32_t>(store.communicators.size()); ++c) {
    if (store.communicators[c].members.size() > 2) CompareCommunicator(store, c, found);
  }
}

}  // namespace rankle::localize
