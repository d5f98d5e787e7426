#include "corpora/programs/cascades/evidence/single_faults.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rankle::cascades {
namespace {

// More hits than any site of the corpus has in one run.
constexpr char kEveryHit[] = "1+1000000";

// What a call fails with in practice. Of the others only the delay is tried.
const std::map<std::string, std::vector<std::string>>& ErrorsOfCalls() {
  static const auto& errors = *new std::map<std::string, std::vector<std::string>>{
      {"recv", {"EAGAIN", "ECONNRESET"}},
      {"send", {"ECONNRESET"}},
      {"connect", {"ECONNREFUSED"}},
      {"accept", {"EIO"}},
      {"open", {"EIO"}},
      {"read", {"EIO"}},
      {"write", {"ENOSPC"}},
      {"fsync", {"EIO"}},
      {"rename", {"EIO"}},
      {"fork", {"EAGAIN"}},
  };
  return errors;
}

Site SiteOf(const Fault& fault) {
  const std::vector<std::string> words = absl::StrSplit(fault, ' ');
  const std::vector<std::string> names = absl::StrSplit(words[0], ':');
  return {names[0], names[1]};
}

std::string DelayOf(int milliseconds) { return absl::StrCat("delay ", milliseconds); }

uint32_t MostHits(const std::vector<JobRun>& plain, const Site& site) {
  uint32_t most = 0;
  for (const JobRun& run : plain) most = std::max(most, run.At(site).hits);
  return most;
}

bool Known(const std::vector<JobRun>& plain, const Site& site, const std::string& outcome) {
  return std::any_of(plain.begin(), plain.end(),
                     [&](const JobRun& run) { return run.At(site).outcomes.count(outcome) > 0; });
}

struct Search {
  const FaultGraph& graph;
  const size_t longest;
  std::vector<Fault> path;
  std::set<std::vector<Fault>> found;

  bool OnPath(const Site& site) const {
    return std::any_of(path.begin(), path.end(), [&](const Fault& fault) { return SiteOf(fault) == site; });
  }

  // Only faults after the first one are passed, so that each cycle is found from its least fault.
  void Extend() {
    const auto next = graph.find(path.back());
    if (next == graph.end()) return;
    for (const Fault& fault : next->second) {
      if (fault == path.front()) found.insert(path);
      if (fault <= path.front() || path.size() == longest || OnPath(SiteOf(fault))) continue;
      path.push_back(fault);
      Extend();
      path.pop_back();
    }
  }
};

}  // namespace

Fault FaultAt(const Site& site, const std::string& what) {
  return absl::StrCat(site.function, ":", site.call, " ", what);
}

std::vector<Trial> TrialsFor(const std::vector<JobRun>& plain, int delay, bool delay_every_hit) {
  std::vector<Trial> trials;
  for (const auto& [name, count] : plain.front().sites) {
    const Site site{name.first, name.second};
    const std::string middle = absl::StrCat((count.hits + 1) / 2, "+1");
    const auto add = [&](const std::string& what, const std::string& hits) {
      trials.push_back({site, what, absl::StrCat(site.function, ":", site.call, " ", hits, " ", what)});
    };
    if (const auto errors = ErrorsOfCalls().find(site.call); errors != ErrorsOfCalls().end()) {
      for (const std::string& error : errors->second) add("error " + error, middle);
    }
    add(DelayOf(delay), delay_every_hit ? kEveryHit : middle);
  }
  return trials;
}

void AddEdges(const Trial& trial, const std::vector<JobRun>& plain, const JobRun& injected, int delay,
              FaultGraph* graph) {
  std::set<Fault>& effects = (*graph)[FaultAt(trial.site, trial.what)];
  for (const auto& [name, count] : injected.sites) {
    const Site site{name.first, name.second};
    if (site == trial.site) continue;
    const bool more_load = count.hits > MostHits(plain, site);
    if (more_load && !absl::StartsWith(trial.what, "delay")) effects.insert(FaultAt(site, DelayOf(delay)));
    for (const auto& [outcome, times] : count.outcomes) {
      if (!Known(plain, site, outcome)) effects.insert(FaultAt(site, "error " + outcome));
    }
  }
}

std::set<std::vector<Fault>> Cycles(const FaultGraph& graph, size_t longest) {
  std::set<std::vector<Fault>> all;
  for (const auto& [fault, effects] : graph) {
    Search search{graph, longest, {fault}, {}};
    search.Extend();
    all.merge(search.found);
  }
  return all;
}

}  // namespace rankle::cascades
