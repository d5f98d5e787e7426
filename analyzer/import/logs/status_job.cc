#include "analyzer/import/logs/status_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/torch_names.h"

namespace rankle::import {
namespace {

// Every rank's dump lists the members of its groups: beyond these, silent ranks are not listed.
constexpr int32_t kMostRanks = 1 << 13;
constexpr size_t kMostFilled = 8;
// Nobody waits in a group of one.
constexpr int32_t kLeastSize = 2;

// PyTorch's numbering: group 0 is the whole job.
bool IsWholeJob(const LoggedStatus& status) {
  return status.description == "default_pg" || status.group == "0" || status.group.empty();
}

// "ALLREDUCE" and "_ALLGATHER_BASE" are the names of the profiler in capitals, mostly without underscores.
OperationMeaning MeaningOfWork(const std::string& operation) {
  const std::string name = absl::AsciiStrToLower(operation);
  OperationMeaning meaning = MeaningOf(absl::StrCat("nccl:", name));
  if (!meaning.known && name.starts_with("alltoall")) meaning = MeaningOf("nccl:all_to_all");
  return meaning;
}

// Numbers by which groups are told apart: those of PyTorch where it names groups by numbers, which is their
// order of creation.
std::map<std::string, int64_t> NumbersOf(const LogContents& contents) {
  std::map<std::string, int64_t> numbers;
  bool all = true;
  for (const LoggedStatus& s : contents.statuses) {
    int64_t number = static_cast<int64_t>(numbers.size());
    all = (s.group.empty() || absl::SimpleAtoi(s.group, &number)) && all;
    numbers.try_emplace(s.group, number);
  }
  if (all) return numbers;
  int64_t next = 0;
  for (auto& [group, number] : numbers) number = next++;
  return numbers;
}

// The ranks of the job as far as anybody names them.
int32_t HighestRank(const LogContents& contents) {
  int32_t highest = 0;
  for (const LoggedStatus& s : contents.statuses) highest = std::max(highest, s.rank);
  for (const LoggedCommunicator& c : contents.communicators) highest = std::max(highest, c.ranks - 1);
  // One hostile line may name any rank.
  for (const LoggedTrouble& t : contents.troubles) {
    if (t.who.rank < kMostRanks) highest = std::max(highest, t.who.rank);
  }
  return highest;
}

DumpEntry EntryOf(const LoggedStatus& s, const OperationMeaning& meaning) {
  DumpEntry e;
  e.collective_seq = s.timed_out, e.api = meaning.api, e.sizes_agree = meaning.sizes_agree;
  e.has_timed_out = true;
  if (s.elements > 0) e.count = static_cast<uint64_t>(s.elements);
  e.created = std::max<int64_t>(s.time - s.ran_ms * 1'000'000, 1);
  e.record = 1;  // not the first of its rank
  return e;
}

}  // namespace

std::vector<Dump> DumpsOf(const LogContents& contents) {
  std::map<std::string, std::set<int32_t>> members;  // by group
  std::map<int32_t, std::vector<const LoggedStatus*>> by_rank;
  const std::map<std::string, int64_t> numbers = NumbersOf(contents);
  const int32_t highest = HighestRank(contents);
  for (const LoggedStatus& s : contents.statuses)
    members[s.group].insert(s.rank), by_rank[s.rank].push_back(&s);
  size_t filled = 0;
  for (const LoggedStatus& s : contents.statuses) {
    std::set<int32_t>& ranks = members[s.group];
    const auto all = static_cast<size_t>(highest) + 1;
    // Groups divide a job into equal parts: one with more than half of the ranks has all. Those who are
    // silent may be those that are waited for.
    if (highest >= kMostRanks || ranks.size() == all || !(IsWholeJob(s) || 2 * ranks.size() > all)) continue;
    if (filled++ >= kMostFilled) break;
    for (int32_t rank = 0; rank <= highest; ++rank) ranks.insert(rank);
  }
  std::map<std::string, int32_t> sizes;  // of groups, at least
  for (const LoggedStatus& s : contents.statuses) {
    int32_t& size = sizes.try_emplace(s.group, kLeastSize).first->second;
    if (s.group_rank < kMostRanks) size = std::max(size, s.group_rank + 1);
  }
  // Lines of older versions, and wrapped ones, tell no sizes.
  const bool sizes_told =
      std::all_of(contents.statuses.begin(), contents.statuses.end(),
                  [](const LoggedStatus& s) { return s.timed_out <= 0 || s.elements >= 0; });
  std::vector<Dump> dumps;
  for (auto& [rank, statuses] : by_rank) {
    Dump& dump = dumps.emplace_back();
    dump.told_rank = rank, dump.has_status = true, dump.version = "as watchdogs tell it";
    std::sort(statuses.begin(), statuses.end(), [&](const LoggedStatus* a, const LoggedStatus* b) {
      return numbers.at(a->group) < numbers.at(b->group);
    });
    for (const LoggedStatus* s : statuses) {
      const std::set<int32_t>& ranks = members[s->group];
      const int64_t number = numbers.at(s->group);
      dump.groups.push_back(
          {absl::StrCat(number), s->description, {ranks.begin(), ranks.end()}, sizes.at(s->group)});
      dump.statuses.push_back({number, s->enqueued, kAbsent, s->completed});
      const OperationMeaning meaning = MeaningOfWork(s->operation);
      if (s->timed_out <= 0 || meaning.p2p) continue;
      DumpEntry& e = dump.entries.emplace_back(EntryOf(*s, meaning));
      e.group = static_cast<int32_t>(dump.named.size()), e.group_id = number;
      e.sizes_agree = e.sizes_agree && sizes_told;
      dump.named.push_back({absl::StrCat(number), s->description, {}});
    }
    std::stable_sort(dump.entries.begin(), dump.entries.end(),
                     [](const DumpEntry& a, const DumpEntry& b) { return a.created < b.created; });
  }
  return dumps;
}

}  // namespace rankle::import
