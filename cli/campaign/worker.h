// One run of a campaign, from its plan to a result file. It runs wherever the executor put it: in a child of
// the runner, or as a task of a Slurm array on another node (`rankle campaign --worker`); the two meet in
// files below the campaign's directory, which a cluster shares:
//   campaign.yaml   the campaign as it was begun
//   batch.jsonl     the runs that are wanted now, one a line
//   runs/ID/        records and log of a run while it is being made
//   results/ID      what came of it: observations, maybe after a line "note: ...", or a line "failed: ..."
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/state.h"

namespace rankle::cli {

struct RunResult {
  bool failed = false;  // there is nothing to compare; `note` says why
  stitch::RunObservation observation;
  stitch::Names names;
  std::string note;  // why it failed or was not made, or what is missing in what was seen
  // rankle itself could not start the run: no room, no process. It says nothing about the job, and is to be
  // made again.
  bool not_made = false;
  std::map<std::string, std::string> builds;  // by path: build ids of the programs and libraries that it used
};

// Disk space that the records of one run may come to need, of the largest workload.
uint64_t RoomOfARun(const Campaign& campaign);

std::string ResultPath(const std::string& directory, int64_t id);
std::string RunDirectory(const std::string& directory, int64_t id);

absl::Status WriteBatch(const std::string& directory, const std::vector<CampaignRun>& runs);
// The run in line `index`, from 0, as far as a worker must know it.
absl::StatusOr<CampaignRun> ReadFromBatch(const std::string& directory, size_t index);

// Makes the run and writes its result. The exit code of a worker process: 0, or 1 when no result was written.
int Work(const std::string& directory, const Campaign& campaign, const CampaignRun& run, bool keep);

// The observation is without its fault, which the planner knows.
absl::StatusOr<RunResult> ReadResult(const std::string& directory, int64_t id);

}  // namespace rankle::cli
