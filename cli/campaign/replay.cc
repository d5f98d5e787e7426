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

// Work that was not counted, or not done, is one unit: calls are then compared as they are.
double PerUnit(const Sum& sum, const RunObservation& run) {
  return static_cast<double>(sum.hits) / static_cast<double>(std::max<uint64_t>(run.units, 1));
}

bool Shows(const CycleEdge& link, const std::vector<RunObservation>& plain, const RunObservation& run) {
  const Sum seen = SumAt(run, PlaceOf(link));
  if (!IsNewBehaviour(link)) {
    return std::all_of(plain.begin(), plain.end(), [&](const RunObservation& each) {
      return PerUnit(seen, run) > PerUnit(SumAt(each, PlaceOf(link)), each);
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
  const bool delays = fault.kind == stitch::FaultKind::kDelay;
  const Hits hits{.first = static_cast<int>(fault.hit), .count = delays ? kDelayedHits : 1};
  Replay replay{.workload = workload, .link = link, .plan = PlanOf(fault, names, hits), .yaml = ""};
  if (const auto armed = ArmOf(replay.plan)) {
    replay.yaml = Cat(kNoPlan, "RANKLE_POINTS_ARM: \"", *armed, "\"\n");
    return replay;
  }
  const std::string action = delays ? "delay" : IsTimeOut(fault) ? "time-out" : "fail";
  const std::string with = delays             ? Cat("time: ", fault.parameter, "ns")
                           : IsTimeOut(fault) ? "end: now"
                                              : Cat("errno: ", fault.parameter);
  replay.yaml =
      Cat("version: 1\nfaults:\n  - do: ", action, "\n    on: ", FunctionOf(names.sites.at(fault.site)),
          "\n    where: { site: [", sites::SiteIdText(fault.site), "] }\n    when: { nth: \"",
          delays ? Cat("1..", kDelayedHits) : Cat(hits.first), "\" }\n    with: { ", with, " }\n");
  return replay;
}

bool CanBeInjected(const stitch::Fault& fault, const stitch::Names& names) {
  return !PlanOf(fault, names).empty();
}

}  // namespace

std::string HowToReplay(const std::string& yaml) {
  return yaml.starts_with(kNoPlan) ? "environment of the replay" : "replay plan (rankle run --plan)";
}

std::vector<Replay> ReplaysOf(const stitch::Cycle& cycle, const Campaign& campaign,
                              const stitch::Names& names) {
  std::vector<Replay> replays;
  for (const Workload& workload : campaign.workloads) {
    for (size_t i = 0; i < cycle.edges.size(); ++i) {
      const stitch::Fault& fault = cycle.edges[i].experiment.fault;
      const CycleEdge& last = cycle.edges[(i + cycle.edges.size() - 1) % cycle.edges.size()];
      if (!CanBeInjected(fault, names)) continue;
      if (!stitch::IsDelay(fault) && IsNewBehaviour(last)) continue;
      replays.push_back(ReplayOf(workload.name, i, fault, names));
    }
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
