#include "analyzer/import/rank_traces/take_job.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/import/rank_traces/choose_job.h"
#include "analyzer/import/rank_traces/rank_names.h"

namespace rankle::import {
namespace {

// Files that are named in a note; more are not for reading.
constexpr size_t kMostNamed = 4;

// One note for all files that `count` says something of.
template <typename Count>
void NoteFiles(const std::vector<RankTrace>& traces, const std::string& what, const Count& count,
               store::DataQuality& quality) {
  std::string names;
  size_t files = 0;
  for (const RankTrace& t : traces) {
    const uint64_t n = count(t);
    if (n == 0) continue;
    if (files++ < kMostNamed) absl::StrAppend(&names, names.empty() ? "" : ", ", t.file, " (", n, ")");
  }
  if (files > kMostNamed) absl::StrAppend(&names, " and ", files - kMostNamed, " more");
  if (files > 0) quality.notes.push_back(absl::StrCat(what, ": ", names));
}

void NoteDamage(const std::vector<RankTrace>& traces, const char* operation, store::DataQuality& quality) {
  NoteFiles(
      traces, "damaged events are left out", [](const RankTrace& t) { return t.malformed; }, quality);
  NoteFiles(
      traces, "files are cut short; the events before are used",
      [](const RankTrace& t) { return t.cut ? t.events : 0; }, quality);
  NoteFiles(
      traces, absl::StrCat("no usable ", operation, " in files, whose ranks count as missing (events read)"),
      [](const RankTrace& t) { return t.operations.empty() ? t.events + 1 : 0; }, quality);
  for (const RankTrace& t : traces) quality.malformed += t.malformed, quality.cut_files += t.cut;
}

// By what the files say, then by what their names say; what says nothing gets the free numbers in order of
// the names.
void NumberRanks(JobTraces& job) {
  std::vector<RankTrace>& traces = job.traces;
  NumberByNames(traces);
  std::set<int32_t> taken;
  for (const RankTrace& t : traces) taken.insert(t.rank);
  std::stable_sort(traces.begin(), traces.end(),
                   [](const auto& a, const auto& b) { return a.file < b.file; });
  int32_t next = 0;
  for (RankTrace& t : traces) {
    if (t.rank >= 0) continue;
    job.guessed = job.guessed || traces.size() > 1;
    while (taken.contains(next)) ++next;
    t.rank = next, taken.insert(next);
  }
  std::sort(traces.begin(), traces.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
}

}  // namespace

JobTraces TakeJob(std::vector<RankTrace> traces, const char* operation, store::DataQuality& quality) {
  NoteDamage(traces, operation, quality);
  int32_t told_size = 0, most_rank = -1;  // of the files without operations
  for (RankTrace& t : traces) {
    if (t.rank >= kMostRanks) t.rank = -1;
    t.world_size = std::min(t.world_size, kMostRanks);
    if (!t.operations.empty()) continue;
    told_size = std::max(told_size, t.world_size), most_rank = std::max(most_rank, t.rank);
  }
  std::erase_if(traces, [](const RankTrace& t) { return t.operations.empty(); });
  JobTraces job;
  bool certain = true;
  job.traces = ChooseJob(std::move(traces), quality.notes, certain);
  job.guessed = !certain;
  NumberRanks(job);
  // Where the files of the job do not tell its size, empty files may.
  for (const RankTrace& t : job.traces) job.world_size = std::max(job.world_size, t.world_size);
  if (job.world_size == 0) job.world_size = std::max(told_size, most_rank + 1);
  job.world_size = std::max(job.world_size, job.traces.back().rank + 1);
  return job;
}

}  // namespace rankle::import
