#include "analyzer/localize/describe.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::Store;

std::string Ranks(const Store& store, const std::vector<int32_t>& ranks) {
  return absl::StrCat(ranks.size() == 1 ? "rank " : "ranks ", store::RankList(GlobalRanks(store, ranks)));
}

std::string LastOperation(const Store& store, int32_t rank) {
  const auto& o = store.operations;
  if (store.rank_begin(rank) == store.rank_begin(rank + 1)) return "no operation yet";
  const size_t last = store.rank_begin(rank + 1) - 1;
  std::string text = absl::StrCat("last operation ", store::OperationName(o.api[last]), " #", o.seq[last],
                                  " of ", store.communicators[o.communicator[last]].name);
  if (o.finished[last] != 0) {
    absl::StrAppendFormat(&text, " finished at %.3f s", Store::Seconds(o.finished[last]));
  } else {
    absl::StrAppendFormat(&text, " entered at %.3f s", Store::Seconds(o.entered[last]));
  }
  return text;
}

std::string OpenCall(const Store& store, int32_t rank) {
  const auto& c = store.calls;
  for (size_t i = c.size(); i-- > 0;) {
    if (c.rank[i] != rank || c.returned[i] != 0) continue;
    return absl::StrFormat("; inside %s since %.3f s", std::string(api::ApiName(c.api[i])),
                           Store::Seconds(c.entered[i]));
  }
  return "";
}

}  // namespace

std::vector<int32_t> GlobalRanks(const Store& store, const std::vector<int32_t>& ranks) {
  std::vector<int32_t> global;
  for (int32_t rank : ranks) global.push_back(store.GlobalRank(rank));
  return global;
}

std::string KindOfCommunicator(const std::string& name) {
  return name.substr(0, name.find_last_not_of("0123456789#") + 1);
}

std::string WaitName(const Store& store, const Wait& wait) {
  if (wait.communicator == store::kNone) return "the end of the job";
  const std::string& communicator = store.communicators[wait.communicator].name;
  switch (wait.kind) {
    case WaitKind::kInit:
      return absl::StrCat("the creation of communicator ", communicator);
    case WaitKind::kTeardown:
      return absl::StrCat("the teardown of communicator ", communicator);
    default:
      break;
  }
  return absl::StrCat(store::OperationName(store.operations.api[wait.operation]), " #", wait.seq,
                      " of communicator ", communicator);
}

std::string DescribeWait(const Store& store, const Wait& wait) {
  std::string text = absl::StrFormat(
      "%s %s in %s, the last arrival at %.3f s (%.1f s %s)", Ranks(store, wait.waiters),
      wait.waiters.size() == 1 ? "is" : "are", WaitName(store, wait), Store::Seconds(wait.last_arrival),
      Store::Seconds(wait.waited_ns), store.end_is_observed ? "ago" : "before the newest record");
  if (!wait.holders.empty()) {
    absl::StrAppend(&text, "; ", Ranks(store, wait.holders), wait.holders.size() == 1 ? " has" : " have",
                    " not come");
    if (!wait.missing_holders.empty())
      absl::StrAppend(&text, ", rank ", store::RankList(wait.missing_holders), " left no record");
  } else if (!wait.missing_holders.empty() && wait.kind != WaitKind::kInit) {
    absl::StrAppend(&text, "; rank ", store::RankList(wait.missing_holders), " left no record");
  } else if (wait.unknown_holders > 0 || !wait.missing_holders.empty()) {
    absl::StrAppend(&text, "; the others left no record");
  } else {
    absl::StrAppend(&text, "; nobody is missing");
  }
  return text;
}

std::string DescribeRank(const Store& store, int32_t rank) {
  std::string text = absl::StrCat("rank ", store.GlobalRank(rank), ": ", LastOperation(store, rank));
  absl::StrAppend(&text, OpenCall(store, rank));
  const store::Process* p = store.ProcessOf(rank);
  if (p != nullptr && !p->place.empty()) absl::StrAppend(&text, "; stands at ", p->place);
  if (p != nullptr && p->pid != 0) {
    absl::StrAppendFormat(&text, "; process %d %s, last sign of life at %.3f s", p->pid,
                          ProcessStateName(p->state), Store::Seconds(p->last_seen));
  }
  return text;
}

void AddPlaces(const Store& store, const std::vector<int32_t>& ranks, std::vector<std::string>& evidence) {
  constexpr size_t kMost = 3;
  std::map<std::string, std::vector<int32_t>> by_place;
  for (int32_t rank : ranks) {
    const store::Process* p = store.ProcessOf(rank);
    if (p != nullptr && !p->place.empty()) by_place[p->place].push_back(rank);
  }
  size_t shown = 0;
  for (const auto& [place, there] : by_place) {
    if (++shown > kMost) break;
    evidence.push_back(
        absl::StrCat(Ranks(store, there), there.size() == 1 ? " stands at " : " stand at ", place));
  }
}

}  // namespace rankle::localize
