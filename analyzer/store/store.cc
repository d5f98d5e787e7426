#include "analyzer/store/store.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "injector/api/api.h"

namespace rankle::store {
namespace {

template <typename T>
void Permute(const std::vector<uint32_t>& order, std::vector<T>& column) {
  std::vector<T> sorted(column.size());
  for (size_t i = 0; i < order.size(); ++i) sorted[i] = column[order[i]];
  column = std::move(sorted);
}

}  // namespace

void Store::AddOperation(const Operation& row) {
  Operations& o = operations;
  o.rank.push_back(row.rank);
  o.communicator.push_back(row.communicator);
  o.member.push_back(row.member);
  o.seq.push_back(row.seq);
  o.api.push_back(row.api);
  o.p2p.push_back(row.p2p);
  o.state.push_back(row.state);
  o.entered.push_back(row.entered);
  o.returned.push_back(row.returned);
  o.started.push_back(row.started);
  o.finished.push_back(row.finished);
  o.count.push_back(row.count);
  o.peer.push_back(row.peer);
  o.stream.push_back(row.stream);
  o.group.push_back(row.group);
  o.thread.push_back(row.thread);
  o.dtype.push_back(row.dtype);
  o.redop.push_back(row.redop);
  o.result.push_back(row.result);
  o.flags.push_back(row.flags);
  o.step.push_back(row.step);
}

void Store::Finish() {
  SortOperations();
  IndexMembers();
  NameCommunicators();
}

void Store::SortOperations() {
  Operations& o = operations;
  auto before = [&](uint32_t a, uint32_t b) {
    if (o.rank[a] != o.rank[b]) return o.rank[a] < o.rank[b];
    return o.entered[a] < o.entered[b];
  };
  bool sorted = true;
  for (uint32_t i = 1; i < o.size() && sorted; ++i) sorted = !before(i, i - 1);
  if (!sorted) {  // importers mostly deliver rank by rank
    std::vector<uint32_t> order(o.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), before);
    o.ForEachColumn([&](auto& column) { Permute(order, column); });
  }
  rank_begin_.assign(ranks.size() + 1, 0);
  for (int32_t rank : o.rank) ++rank_begin_[rank + 1];
  std::partial_sum(rank_begin_.begin(), rank_begin_.end(), rank_begin_.begin());
}

void Store::IndexMembers() {
  const Operations& o = operations;
  for (uint32_t i = 0; i < o.size(); ++i) {
    const bool enqueued_nothing = o.state[i] == OpState::kFailed || o.state[i] == OpState::kIssued;
    if (o.communicator[i] < 0 || enqueued_nothing) continue;
    Member& member = communicators[o.communicator[i]].members[o.member[i]];
    (o.p2p[i] ? member.p2p : member.collectives).push_back(i);
  }
  const auto by_sequence = [&](uint32_t a, uint32_t b) { return o.seq[a] < o.seq[b]; };
  for (Communicator& communicator : communicators) {
    for (Member& member : communicator.members) {
      for (std::vector<uint32_t>* list : {&member.collectives, &member.p2p}) {
        if (!std::is_sorted(list->begin(), list->end(), by_sequence))
          std::stable_sort(list->begin(), list->end(), by_sequence);
      }
    }
  }
}

// Two communicators of one name (the data-parallel groups of a hybrid job) become dp#0, dp#1; nameless ones
// comm#0 ...
void Store::NameCommunicators() {
  std::map<std::string, std::vector<Communicator*>> by_name;
  for (Communicator& c : communicators) {
    if (c.name.empty()) c.name = "comm";
    by_name[c.name].push_back(&c);
  }
  for (auto& [name, same] : by_name) {
    if (same.size() == 1 && name != "comm") continue;
    for (size_t i = 0; i < same.size(); ++i) same[i]->name = absl::StrCat(name, "#", i);
  }
}

const Process* Store::ProcessOf(int32_t rank) const {
  if (rank < 0 || ranks[rank].process < 0) return nullptr;
  return &processes[ranks[rank].process];
}

std::string OperationName(uint16_t api) {
  if (api == 0) return "an operation";  // only a counter knows of it
  std::string name(api::ApiName(api));
  return name.rfind("nccl", 0) == 0 ? name.substr(4) : name;
}

const char* ProcessStateName(ProcessState state) {
  switch (state) {
    case ProcessState::kRunning:
      return "running";
    case ProcessState::kEnded:
      return "ended";
    case ProcessState::kFailed:
      return "failed";
    case ProcessState::kStopped:
      return "stopped";
    case ProcessState::kVanished:
      return "vanished";
  }
  return "?";
}

std::string RankList(std::vector<int32_t> r) {
  std::sort(r.begin(), r.end());
  std::string text;
  for (size_t i = 0; i < r.size();) {
    size_t last = i;
    while (last + 1 < r.size() && r[last + 1] == r[last] + 1) ++last;
    const char* comma = text.empty() ? "" : ", ";
    if (last >= i + 2) {
      absl::StrAppend(&text, comma, r[i], "-", r[last]);
    } else {
      last = i;
      absl::StrAppend(&text, comma, r[i]);
    }
    i = last + 1;
  }
  return text;
}

std::string JsonList(const std::vector<int32_t>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ","), "]");
}

}  // namespace rankle::store
