// Does an incident show a cycle that a campaign found? The site records of a run that went wrong, beside runs
// of the same job that went well, are looked through for the effects of all links (docs/campaigns.md).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/replay.h"

namespace rankle::cli {

struct Incident {
  std::string directory;
  std::string workload;  // whose roles its ranks were taken to have
  stitch::RunObservation run;
  std::vector<stitch::RunObservation> healthy;  // of the same job, at least one
};

// What the incident shows of one cycle, by its number in Stitched::cycles.
struct SeenCycle {
  size_t cycle = 0;
  ReplaySight sight;
};

// The sights of all cycles that lead their cluster, in the order of their rank. Pure.
std::vector<SeenCycle> CyclesIn(const Incident& incident, const stitch::Stitched& stitched);

// One reading for each workload of the campaign, as a run does not say which of them it was. `healthy`:
// directories of runs of the same job that went well; none = the campaign's own plain runs, which are
// comparable only if the job has as many ranks as theirs: workloads of other sizes are left out. Error: a
// directory without site records (`rankle run --sites`), nothing to compare with.
absl::StatusOr<std::vector<Incident>> ReadIncident(const Campaign& campaign,
                                                   const stitch::Observations& observations,
                                                   const std::string& directory,
                                                   const std::vector<std::string>& healthy);

// The readings with the sights of the one that shows most: whole cycles, then links.
struct IncidentSights {
  Incident incident;
  std::vector<SeenCycle> cycles;
};
IncidentSights BestReading(const std::vector<Incident>& readings, const stitch::Stitched& stitched);

// A paragraph for people, and the value of "incident" in `rankle.cycles/1` as JSON.
std::string IncidentText(const IncidentSights& sights, const stitch::Stitched& stitched,
                         const stitch::Names& names);
std::string WithIncident(const std::string& cycles_json, const IncidentSights& sights);

}  // namespace rankle::cli
