#include "cli/campaign/incident.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "analyzer/stitch/describe.h"
#include "cli/campaign/observe.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using stitch::RunObservation;

// In text; one loop is often told by many cycles, at each call on its way.
constexpr size_t kMostShown = 3;

bool IsWhole(const SeenCycle& seen) { return seen.sight.missing.empty() && seen.sight.lasting; }

// Whole cycles, then links that show, over all cycles.
std::tuple<size_t, size_t> Shown(const std::vector<SeenCycle>& cycles, const stitch::Stitched& stitched) {
  size_t whole = 0, links = 0;
  for (const SeenCycle& seen : cycles) {
    whole += IsWhole(seen) ? 1 : 0;
    links += stitched.cycles[seen.cycle].edges.size() - seen.sight.missing.size();
  }
  return {whole, links};
}

absl::StatusOr<RunObservation> Observe(const std::string& directory, const Workload& workload,
                                       const PointList& points, const RunRecord& record) {
  RunObservation run;
  run.run = directory;
  run.workload = workload.name;
  run.end = record.exit_code == 0 ? stitch::End::kOk : stitch::End::kFailed;
  stitch::Names names;
  const auto seen = ObserveDirectory(directory, workload, points, run, names);
  if (!seen.ok()) {
    return absl::Status(seen.status().code(), Cat(directory, ": ", StdView(seen.status().message()),
                                                  " (`rankle run --sites` records them)"));
  }
  return run;
}

std::vector<RunObservation> PlainRunsOf(const stitch::Observations& observations,
                                        const std::string& workload) {
  std::vector<RunObservation> plain;
  for (const RunObservation& run : observations.runs) {
    if (run.workload == workload && !run.fault.has_value()) plain.push_back(run);
  }
  return plain;
}

absl::StatusOr<std::vector<RunObservation>> HealthyRuns(const Workload& workload, const PointList& points,
                                                        const std::vector<std::string>& directories) {
  std::vector<RunObservation> healthy;
  for (const std::string& directory : directories) {
    const absl::StatusOr<RunRecord> record = ReadRunRecord(directory);
    if (!record.ok()) return record.status();
    absl::StatusOr<RunObservation> run = Observe(directory, workload, points, *record);
    if (!run.ok()) return run.status();
    healthy.push_back(*std::move(run));
  }
  return healthy;
}

}  // namespace

std::vector<SeenCycle> CyclesIn(const Incident& incident, const stitch::Stitched& stitched) {
  std::vector<SeenCycle> seen;
  for (size_t i = 0; i < stitched.cycles.size(); ++i) {
    if (!stitched.cycles[i].leads_cluster) continue;
    seen.push_back({i, Look(stitched.cycles[i], incident.healthy, incident.run)});
  }
  return seen;
}

absl::StatusOr<std::vector<Incident>> ReadIncident(const Campaign& campaign,
                                                   const stitch::Observations& observations,
                                                   const std::string& directory,
                                                   const std::vector<std::string>& healthy) {
  const absl::StatusOr<RunRecord> record = ReadRunRecord(directory);
  if (!record.ok()) return record.status();
  const absl::StatusOr<PointList> points = ReadPointLists(campaign.points.overlays);
  if (!points.ok()) return points.status();
  std::vector<Incident> readings;
  for (const Workload& workload : campaign.workloads) {
    if (healthy.empty() && workload.ranks != record->n) continue;
    absl::StatusOr<RunObservation> run = Observe(directory, workload, *points, *record);
    if (!run.ok()) return run.status();
    absl::StatusOr<std::vector<RunObservation>> beside =
        healthy.empty() ? PlainRunsOf(observations, workload.name) : HealthyRuns(workload, *points, healthy);
    if (!beside.ok()) return beside.status();
    if (!beside->empty()) readings.push_back({directory, workload.name, *std::move(run), *std::move(beside)});
  }
  if (readings.empty()) {
    return absl::FailedPreconditionError(
        Cat(directory, ": no plain run of the campaign has ", record->n,
            " ranks to compare with: give runs of this job that went well (--healthy DIR)"));
  }
  return readings;
}

IncidentSights BestReading(const std::vector<Incident>& readings, const stitch::Stitched& stitched) {
  IncidentSights best;
  for (const Incident& incident : readings) {
    std::vector<SeenCycle> cycles = CyclesIn(incident, stitched);
    if (best.incident.directory.empty() || Shown(cycles, stitched) > Shown(best.cycles, stitched))
      best = {incident, std::move(cycles)};
  }
  return best;
}

std::string IncidentText(const IncidentSights& sights, const stitch::Stitched& stitched,
                         const stitch::Names& names) {
  const Incident& incident = sights.incident;
  std::string text = Cat("Incident ", incident.directory, ", beside ", incident.healthy.size(),
                         " runs that went well, read as '", incident.workload, "'\n");
  size_t whole = 0, healed = 0;
  for (const SeenCycle& seen : sights.cycles) {
    if (!seen.sight.missing.empty()) continue;
    const stitch::Cycle& cycle = stitched.cycles[seen.cycle];
    healed += seen.sight.lasting ? 0 : 1;
    if (!seen.sight.lasting) continue;
    if (++whole > kMostShown) continue;
    text += Cat("  cycle ", cycle.cluster, " is whole in it:\n");
    for (const stitch::CycleEdge& link : cycle.edges) {
      text += Cat("    ", stitch::SiteName(link.experiment.fault.site, names), "\n      leads to ",
                  link.edge.effect == stitch::Effect::kNewBehaviour ? "failures" : "more calls", " at ",
                  stitch::SiteName(link.edge.to.site, names), " [", link.edge.to.role, "]\n");
    }
  }
  text += whole > 0 ? Cat("  ", whole, " of ", sights.cycles.size(),
                          " leading cycles are whole in it, and the job did not get over them\n")
                    : Cat("  no cycle is whole in it that the job did not get over",
                          healed > 0 ? Cat("; it got over ", healed) : std::string(), "\n");
  return text;
}

std::string WithIncident(const std::string& cycles_json, const IncidentSights& sights) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(cycles_json);
  nlohmann::ordered_json cycles = nlohmann::ordered_json::array();
  for (const SeenCycle& seen : sights.cycles) {
    cycles.push_back({{"cycle", seen.cycle + 1},  // in "cycles", from 1
                      {"whole", IsWhole(seen)},
                      {"lasting", seen.sight.lasting},
                      {"missing_links", seen.sight.missing}});
  }
  json["incident"] = {{"run", sights.incident.directory},
                      {"workload", sights.incident.workload},
                      {"healthy_runs", sights.incident.healthy.size()},
                      {"cycles", cycles}};
  return json.dump(2) + "\n";
}

}  // namespace rankle::cli
