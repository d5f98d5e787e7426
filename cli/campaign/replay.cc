#include "cli/campaign/replay.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_format.h"
#include "analyzer/stitch/search/compatible.h"
#include "cli/campaign/fault_plan.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/text.h"
#include "tracer/sites/reader.h"

namespace rankle::cli {
namespace {

using stitch::CycleEdge;
using stitch::RunObservation;

// Hits that are delayed: as many as clients that wait behind a slow server in a small job, so that more than
// one is late at once; one that is late alone heals in most designs.
constexpr int kDelayedHits = 3;
// Faults outside the cycle that are tried when none of its own holds it up: the surest ones.
constexpr size_t kMostEntries = 8;

constexpr std::string_view kNoPlan = "# No plan: the instrumented program takes this from its environment.\n";

bool IsNewBehaviour(const CycleEdge& link) { return link.edge.effect == stitch::Effect::kNewBehaviour; }

// Where the link's effect is counted.
const stitch::Place& PlaceOf(const CycleEdge& link) {
  const bool by_way =
      link.edge.effect == stitch::Effect::kSlowedParent || link.edge.effect == stitch::Effect::kSlowedSibling;
  return by_way ? link.edge.via : link.edge.to;
}

struct Sum {
  uint64_t hits = 0;
  std::set<stitch::Signature> signatures;
};

Sum SumAt(const RunObservation& run, const stitch::Place& place) {
  Sum sum;
  for (const stitch::SiteObservation& row : run.rows) {
    if (row.site != place.site || row.role != place.role) continue;
    sum.hits += row.hits;
    sum.signatures.insert(row.signatures.begin(), row.signatures.end());
  }
  return sum;
}

// Of a run that ended early, calls for a unit are an upper bound only: what was begun counts, and is not
// done.
constexpr double kClearlyMore = 2;

// More calls in `run` than the work that it did takes. As many units or more: for the same work. Fewer: more
// than for all of the work, or at least twice as many for each unit that the furthest process had begun, so
// that a job that just ended in the middle of its work does not count as one that works in vain.
bool IsMoreWork(double hits, const RunObservation& run, double plain_hits, const RunObservation& plain) {
  if (run.units > plain.units && plain.units > 0)
    return hits * static_cast<double>(plain.units) / static_cast<double>(run.units) > plain_hits;
  if (hits > plain_hits) return true;
  if (plain.units == 0) return false;
  const auto begun = static_cast<double>(std::max(run.units, run.most_units) + 1);
  return hits / begun > kClearlyMore * plain_hits / static_cast<double>(plain.units);
}

bool Shows(const CycleEdge& link, const std::vector<RunObservation>& plain, const RunObservation& run) {
  const Sum seen = SumAt(run, PlaceOf(link));
  if (!IsNewBehaviour(link)) {
    return std::all_of(plain.begin(), plain.end(), [&](const RunObservation& each) {
      return IsMoreWork(static_cast<double>(seen.hits), run,
                        static_cast<double>(SumAt(each, PlaceOf(link)).hits), each);
    });
  }
  std::set<stitch::Signature> usual;
  bool reached = false;
  for (const RunObservation& each : plain) {
    const Sum sum = SumAt(each, PlaceOf(link));
    usual.insert(sum.signatures.begin(), sum.signatures.end());
    reached |= sum.hits > 0;
  }
  bool any_fresh = false;
  for (const stitch::Evidence& evidence : link.edge.evidence) {
    for (const stitch::Signature fresh : evidence.fresh) {
      any_fresh = true;
      if (seen.signatures.contains(fresh) && !usual.contains(fresh)) return true;
    }
  }
  return !any_fresh && !reached && seen.hits > 0;
}

Replay ReplayOf(const std::string& workload, size_t link, const stitch::Fault& fault,
                const stitch::Names& names) {
  const bool delays = IsDelay(fault);
  const Hits hits{.first = static_cast<int>(fault.hit), .count = delays ? kDelayedHits : 1};
  Replay replay{.workload = workload, .link = link, .plan = PlanOf(fault, names, hits), .yaml = ""};
  if (const auto armed = ArmOf(replay.plan)) {
    replay.yaml = Cat(kNoPlan, "RANKLE_POINTS_ARM: \"", *armed, "\"\n");
    return replay;
  }
  const std::string action = delays ? "delay" : IsTimeOut(fault) ? "time-out" : "fail";
  const std::string with = delays ? Cat("time: ", fault.parameter, "ns")
                           : IsTimeOut(fault)
                               ? "end: now"
                               : ErrorAsKey(fault, FunctionOf(names.sites.at(fault.site)), ": ");
  replay.yaml =
      Cat("version: 1\nfaults:\n  - do: ", action, "\n    on: ", FunctionOf(names.sites.at(fault.site)),
          "\n    where: { site: [", sites::SiteIdText(fault.site), "] }\n    when: { nth: \"",
          delays ? Cat("1..", kDelayedHits) : Cat(hits.first), "\" }\n    with: { ", with, " }\n");
  return replay;
}

// Whether the effect is what `into`, a link of the cycle, has: at the same place, of the same kind, and of
// new outcomes one that `into` has too.
bool LeadsWhere(const stitch::Edge& edge, const stitch::Edge& into) {
  if (edge.to != into.to || edge.effect != into.effect) return false;
  if (edge.effect != stitch::Effect::kNewBehaviour) return true;
  const auto fresh = [](const stitch::Edge& of) {
    std::set<stitch::Signature> all;
    for (const stitch::Evidence& evidence : of.evidence)
      all.insert(evidence.fresh.begin(), evidence.fresh.end());
    return all;
  };
  const std::set<stitch::Signature> wanted = fresh(into);
  const std::set<stitch::Signature> brought = fresh(edge);
  return std::any_of(brought.begin(), brought.end(),
                     [&](stitch::Signature each) { return wanted.contains(each); });
}

// A fault outside the cycle that was seen to bring the effect of one of its links.
struct Entry {
  double confidence;
  stitch::Fault fault;
  size_t link;  // the one that goes on from there
};

std::vector<Entry> EntriesOf(const stitch::Cycle& cycle, const stitch::Causes& causes) {
  std::vector<Entry> entries;
  for (const stitch::Edge& edge : causes.edges) {
    const stitch::Fault& fault = causes.experiments[edge.experiment].fault;
    const auto is_at_its_place = [&](const CycleEdge& link) {
      return link.experiment.fault.site == fault.site;
    };
    if (!IsDelay(fault) || std::any_of(cycle.edges.begin(), cycle.edges.end(), is_at_its_place)) continue;
    for (size_t i = 0; i < cycle.edges.size(); ++i) {
      if (LeadsWhere(edge, cycle.edges[i].edge))
        entries.push_back({edge.confidence, fault, (i + 1) % cycle.edges.size()});
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& left, const Entry& right) { return left.confidence > right.confidence; });
  std::set<stitch::Fault> seen;
  std::erase_if(entries, [&](const Entry& entry) { return !seen.insert(entry.fault).second; });
  return entries;
}

bool CanBeInjected(const stitch::Fault& fault, const stitch::Names& names) {
  return !PlanOf(fault, names).empty();
}

// Workloads whose larger job is the same one are one job.
std::vector<std::string> DifferentJobs(const Campaign& jobs) {
  std::vector<std::string> names;
  for (size_t i = 0; i < jobs.workloads.size(); ++i) {
    const Workload& job = jobs.workloads[i];
    const bool known = std::any_of(
        jobs.workloads.begin(), jobs.workloads.begin() + static_cast<long>(i), [&](const Workload& before) {
          return before.command == job.command && before.ranks == job.ranks &&
                 before.virtual_gpus == job.virtual_gpus && before.roles == job.roles;
        });
    if (!known) names.push_back(job.name);
  }
  return names;
}

}  // namespace

std::string HowToReplay(const std::string& yaml) {
  return yaml.starts_with(kNoPlan) ? "environment of the replay" : "replay plan (rankle run --plan)";
}

std::vector<Replay> ReplaysOf(const stitch::Cycle& cycle, const Campaign& jobs, const stitch::Causes& causes,
                              const stitch::Names& names) {
  std::vector<Replay> replays;
  const std::vector<std::string> workloads = DifferentJobs(jobs);
  for (const std::string& workload : workloads) {
    for (size_t i = 0; i < cycle.edges.size(); ++i) {
      const stitch::Fault& fault = cycle.edges[i].experiment.fault;
      const CycleEdge& last = cycle.edges[(i + cycle.edges.size() - 1) % cycle.edges.size()];
      if (!CanBeInjected(fault, names)) continue;
      if (!IsDelay(fault) && IsNewBehaviour(last)) continue;
      replays.push_back(ReplayOf(workload, i, fault, names));
    }
  }
  std::vector<Entry> entries = EntriesOf(cycle, causes);
  std::erase_if(entries, [&](const Entry& entry) { return !CanBeInjected(entry.fault, names); });
  if (entries.size() > kMostEntries) entries.resize(kMostEntries);
  for (const Entry& entry : entries) {
    for (const std::string& workload : workloads)
      replays.push_back(ReplayOf(workload, entry.link, entry.fault, names));
  }
  return replays;
}

ReplaySight Look(const stitch::Cycle& cycle, const std::vector<RunObservation>& plain,
                 const RunObservation& run) {
  ReplaySight sight;
  for (size_t i = 0; i < cycle.edges.size(); ++i) {
    if (!Shows(cycle.edges[i], plain, run)) sight.missing.push_back(i);
  }
  const bool usually_ends_well = std::all_of(
      plain.begin(), plain.end(), [](const RunObservation& each) { return each.end == stitch::End::kOk; });
  const bool did_less = std::all_of(plain.begin(), plain.end(),
                                    [&](const RunObservation& each) { return run.units < each.units; });
  sight.lasting = (usually_ends_well && run.end != stitch::End::kOk) || did_less;
  return sight;
}

std::string KeyOf(const stitch::Cycle& cycle) {
  std::string key;
  for (const CycleEdge& link : cycle.edges) {
    const stitch::Fault& fault = link.experiment.fault;
    absl::StrAppendFormat(&key, "%d:%d:%016x:%d>%s:%016x;", static_cast<int>(fault.kind), fault.parameter,
                          fault.site, static_cast<int>(link.edge.effect), link.edge.to.role,
                          link.edge.to.site);
    if (fault.hit != 1) absl::StrAppendFormat(&key, "hit%d;", fault.hit);
  }
  return key;
}

}  // namespace rankle::cli
