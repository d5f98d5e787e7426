#include "analyzer/import/rank_traces/choose_job.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

// Clocks of hosts without a common source are off by seconds. What lies further apart was not at one time.
constexpr int64_t kNotAtOneTimeNs = 60'000'000'000;
// Names that are listed; more are not for reading.
constexpr size_t kMostNames = 4;

using Job = std::vector<RankTrace>;

int64_t Begin(const RankTrace& t) { return t.operations.front().started_ns; }
int64_t End(const RankTrace& t) {
  int64_t end = t.operations.front().finished_ns;
  for (const RankOperation& o : t.operations) end = std::max(end, o.finished_ns);
  return end;
}

size_t Ranks(const Job& job) {
  std::set<int32_t> told;
  size_t not_told = 0;
  for (const RankTrace& t : job) t.rank < 0 ? void(++not_told) : void(told.insert(t.rank));
  return told.size() + not_told;
}
bool ClaimsARankTwice(const Job& job) { return Ranks(job) < job.size(); }

bool AreTimed(const Job& job) {
  return std::all_of(job.begin(), job.end(), [](const RankTrace& t) {
    return std::all_of(t.operations.begin(), t.operations.end(),
                       [](const RankOperation& o) { return o.started_ns != kNotTold; });
  });
}

// Profiles that follow each other by more than `gap` are apart. Calls without times are of one time.
std::vector<Job> ApartInTime(Job job, int64_t gap) {
  if (!AreTimed(job)) return {std::move(job)};
  std::stable_sort(job.begin(), job.end(), [](const auto& a, const auto& b) { return Begin(a) < Begin(b); });
  std::vector<Job> jobs;
  int64_t end = 0;
  for (RankTrace& t : job) {
    if (jobs.empty() || Begin(t) > end + gap) jobs.emplace_back(), end = End(t);
    end = std::max(end, End(t));
    jobs.back().push_back(std::move(t));
  }
  return jobs;
}

template <typename Key>
std::vector<Job> ApartBy(Job job, const Key& key) {
  std::map<decltype(key(job.front())), Job> by_key;
  for (RankTrace& t : job) by_key[key(t)].push_back(std::move(t));
  std::vector<Job> jobs;
  for (auto& [k, part] : by_key) jobs.push_back(std::move(part));
  return jobs;
}

// Replaces each job by what `split` makes of it.
template <typename Split>
void SplitEach(std::vector<Job>& jobs, const Split& split) {
  std::vector<Job> parts;
  for (Job& job : jobs) {
    for (Job& part : split(std::move(job))) parts.push_back(std::move(part));
  }
  jobs = std::move(parts);
}

// Sizes that files tell. Files that tell none go with the others where these agree.
std::vector<Job> ApartBySize(Job job) {
  std::set<int32_t> sizes;
  for (const RankTrace& t : job) {
    if (t.world_size > 0) sizes.insert(t.world_size);
  }
  if (sizes.size() < 2) return {std::move(job)};
  return ApartBy(std::move(job), [](const RankTrace& t) { return t.world_size; });
}

std::string Names(const std::vector<std::string>& files) {
  std::string names;
  for (size_t i = 0; i < std::min(files.size(), kMostNames); ++i)
    absl::StrAppend(&names, i == 0 ? "" : ", ", files[i]);
  if (files.size() > kMostNames) absl::StrAppend(&names, " and ", files.size() - kMostNames, " more");
  return names;
}

// Nothing tells which of them belongs to the others: the first one by name stays.
void KeepOneOfEachRank(Job& job, std::vector<std::string>& notes) {
  std::stable_sort(job.begin(), job.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  std::set<int32_t> taken;
  std::vector<std::string> left_out;
  std::erase_if(job, [&](const RankTrace& t) {
    const bool again = t.rank >= 0 && !taken.insert(t.rank).second;
    if (again) left_out.push_back(t.file);
    return again;
  });
  notes.push_back(
      absl::StrCat("of files that claim the same rank at the same time the first one is used, left "
                   "out: ",
                   Names(left_out)));
}

}  // namespace

std::vector<RankTrace> ChooseJob(std::vector<RankTrace> traces, std::vector<std::string>& notes,
                                 bool& certain) {
  if (traces.empty()) return traces;
  std::vector<Job> jobs = ApartBySize(std::move(traces));
  SplitEach(jobs, [](Job job) { return ApartInTime(std::move(job), kNotAtOneTimeNs); });
  SplitEach(jobs, [](Job job) {
    return ClaimsARankTwice(job) ? ApartInTime(std::move(job), 0) : std::vector<Job>{std::move(job)};
  });
  SplitEach(jobs, [](Job job) {
    if (!ClaimsARankTwice(job)) return std::vector<Job>{std::move(job)};
    return ApartBy(std::move(job),
                   [](const RankTrace& t) { return std::filesystem::path(t.file).parent_path().string(); });
  });
  const auto worth = [](const Job& job) {
    size_t operations = 0;
    for (const RankTrace& t : job) operations += t.operations.size();
    return std::tuple(Ranks(job), operations, AreTimed(job) ? -Begin(job.front()) : 0);
  };
  const auto best = std::max_element(jobs.begin(), jobs.end(),
                                     [&](const Job& a, const Job& b) { return worth(a) < worth(b); });
  std::vector<std::string> left_out;
  for (auto job = jobs.begin(); job != jobs.end(); ++job) {
    if (job == best) continue;
    for (const RankTrace& t : *job) left_out.push_back(t.file);
  }
  std::sort(left_out.begin(), left_out.end());
  left_out.erase(std::unique(left_out.begin(), left_out.end()),
                 left_out.end());  // a file may have several ranks
  if (!left_out.empty()) {
    notes.push_back(absl::StrCat("the files are ", jobs.size(),
                                 " profiles of different jobs or times: the one with the most ranks (",
                                 Ranks(*best), ") is analyzed, left out: ", Names(left_out)));
  }
  if (ClaimsARankTwice(*best)) KeepOneOfEachRank(*best, notes), certain = false;
  return std::move(*best);
}

}  // namespace rankle::import
