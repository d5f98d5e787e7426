#include "analyzer/testing/dump_job.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace rankle::testing {
namespace {

constexpr int64_t kBetweenCalls = 1'000'000;  // ns

}  // namespace

int DumpJob::Group(const std::string& description, const std::vector<int>& ranks) {
  const int group = static_cast<int>(groups_.size());
  groups_.push_back({absl::StrCat(group), description, ranks});
  // As in PyTorch: each process counts the groups that it is in, so one id names several groups.
  for (const int rank : ranks)
    counters_[rank].id.emplace(group, static_cast<int64_t>(counters_[rank].id.size()));
  return group;
}

void DumpJob::Record(int rank, int group, DumpedEntry entry, bool finished) {
  Counters& c = counters_[rank];
  entry.record = c.record++, entry.pg_id = c.id[group];
  entry.group = {groups_[group].name, groups_[group].description};
  entry.collective_seq = c.collective[group], entry.p2p_seq = c.p2p[group], entry.op = ++c.op[group];
  entry.created = now_ + rank;
  if (finished) {
    entry.state = "completed", entry.started = entry.created + 1000, entry.completed = entry.created + 2000;
    entry.retired = true;
  }
  dumps_[rank].push_back(entry);
}

// What pg_status shows: numbers of whatever was launched last, in order of completion.
void DumpJob::Launched(int rank, int group, int64_t number, bool finished) {
  Counters& c = counters_[rank];
  c.enqueued[group] = number;
  const bool in_order = !c.completed.contains(group) || c.completed[group] == number - 1 || c.p2p[group] > 0;
  if (finished && in_order) c.completed[group] = number;
}

void DumpJob::Collective(int group, const Call& call) {
  now_ += kBetweenCalls;
  for (const int rank : groups_[group].ranks) {
    if (call.absent.contains(rank)) continue;
    DumpedEntry entry;
    entry.name = call.name, entry.size = call.size;
    if (const auto it = call.other_size.find(rank); it != call.other_size.end()) entry.size = it->second;
    if (const auto it = call.other_name.find(rank); it != call.other_name.end()) entry.name = it->second;
    entry.file = call.file, entry.function = call.function, entry.line = call.line;
    if (call.started.contains(rank)) entry.state = "started", entry.started = now_ + 1000;
    const bool finished = !call.hangs && !call.unfinished.contains(rank);
    const int64_t number = ++counters_[rank].collective[group];
    Record(rank, group, entry, finished);
    Launched(rank, group, number, finished);
  }
}

void DumpJob::Send(int group, int from, int to, const Transfer& transfer) {
  now_ += kBetweenCalls;
  const auto& ranks = groups_[group].ranks;
  const auto place = [&](int rank) { return std::find(ranks.begin(), ranks.end(), rank) - ranks.begin(); };
  const auto post = [&](int rank, const std::string& name) {
    DumpedEntry entry;
    entry.name = name, entry.p2p = true;
    const int64_t number = ++counters_[rank].p2p[group];
    Record(rank, group, entry, transfer.finished);
    Launched(rank, group, number, transfer.finished);
  };
  if (transfer.sent) post(from, absl::StrCat("nccl:send ", place(from), "->", place(to)));
  if (transfer.received) post(to, absl::StrCat("nccl:recv ", place(to), "<-", place(from)));
}

void DumpJob::Exchange(int group, int a, int b, bool finished) {
  now_ += kBetweenCalls;
  const auto& ranks = groups_[group].ranks;
  const auto place = [&](int rank) { return std::find(ranks.begin(), ranks.end(), rank) - ranks.begin(); };
  for (const auto& [self, peer] : {std::pair(a, b), std::pair(b, a)}) {
    const int64_t number = ++counters_[self].p2p[group];
    DumpedEntry entry;
    entry.p2p = true;
    for (const char* direction : {"send ", "recv "}) {
      entry.name =
          absl::StrCat("nccl:", direction, place(self), direction[0] == 's' ? "->" : "<-", place(peer));
      Record(self, group, entry, false);  // the parts of a launch never change their state
    }
    entry.name = "nccl:coalesced", entry.size = {};
    Record(self, group, entry, finished);
    Launched(self, group, number, finished);
  }
}

DumpContent DumpJob::Dump(int rank, const Form& form) const {
  DumpContent dump;
  dump.version = form.version, dump.omit = form.omit;
  const Counters& c = counters_[rank];
  for (const auto& [group, id] : c.id) {
    dump.groups.push_back({groups_[group].name, groups_[group].description, groups_[group].ranks});
    const auto number = [&, g = group](const std::map<int, int64_t>& of) {
      const auto it = of.find(g);
      return it == of.end() ? -1 : it->second;
    };
    dump.statuses.push_back({id, number(c.enqueued), -1, number(c.completed)});
  }
  const auto& entries = dumps_[rank];
  for (size_t i = entries.size() > form.ring ? entries.size() - form.ring : 0; i < entries.size(); ++i) {
    if (!form.only_unfinished || entries[i].state != "completed") dump.entries.push_back(entries[i]);
  }
  return dump;
}

}  // namespace rankle::testing
