// What a campaign has done and what it still wants, in a SQLite file: DIR/campaign.sqlite. Every change is a
// transaction, so that kill -9 at any moment loses at most the runs in flight; they are run again.
//
// Contract: one runner a directory at a time (a lock that dies with its process); others may read the file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/stitch/observation.h"
#include "analyzer/store/sql.h"
#include "cli/launch/file_descriptor.h"

namespace rankle::cli {

struct CampaignRun {
  int64_t id = 0;  // from 1, in order of planning
  std::string workload = {};
  std::optional<stitch::Fault> fault = {};  // none = a profile run
  std::string plan = {};                    // the fault as a plan says it (docs/fault-plans.md); "" = none
  int repeat = 0;                           // of the same experiment, from 0
  std::string phase = {};                   // "profile", "coverage", ...: why it was planned
};

class CampaignState {
 public:
  // Opens or creates the state in a directory. `text` is that of the campaign file: what was begun with
  // another text is refused, since its runs would not be comparable. `resume`: whether earlier runs are
  // expected; a state with runs and no --resume is refused, so that nobody mixes two campaigns by accident.
  static absl::StatusOr<CampaignState> Open(const std::string& directory, const std::string& text,
                                            bool resume);
  CampaignState(CampaignState&&) noexcept;
  CampaignState& operator=(CampaignState&&) noexcept;
  ~CampaignState();

  absl::Status Plan(const std::vector<CampaignRun>& runs);  // `id` is given here
  // Every run that was ever planned, in order of planning.
  absl::StatusOr<std::vector<CampaignRun>> Runs() const;
  // Those that are not finished: those in flight when the runner died among them.
  absl::StatusOr<std::vector<CampaignRun>> Unfinished() const;
  // The result of a run. `observation.run` names it.
  absl::Status Finish(int64_t id, const stitch::RunObservation& observation, double seconds,
                      const std::string& note);
  // A run that gave nothing to compare (its command cannot start, no record). It is not tried again.
  absl::Status Fail(int64_t id, double seconds, const std::string& note);
  absl::Status AddNames(const stitch::Names& names);
  // Build ids by path of the programs and libraries that a run used. Error: one is another than in an earlier
  // run: its call sites have other numbers, so that the runs cannot be compared.
  absl::Status CheckBuilds(const std::map<std::string, std::string>& builds);

  struct Counts {
    int64_t planned = 0, finished = 0, failed = 0;
    double seconds = 0;  // of finished and failed runs together
  };
  absl::StatusOr<Counts> Count() const;
  absl::StatusOr<stitch::Observations> Observations() const;  // in order of planning
  absl::StatusOr<std::vector<std::string>> Notes() const;     // "workload / fault: note", each once

 private:
  struct Parts;
  absl::StatusOr<std::vector<CampaignRun>> Select(const std::string& condition) const;
  explicit CampaignState(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The lock of a campaign's directory; it ends with the descriptor. Waits for the workers of a runner that was
// killed. Error: somebody else has it.
absl::StatusOr<FileDescriptor> LockCampaign(const std::string& directory);

// The observations of a campaign's directory, without taking its lock: for `rankle stitch`.
absl::StatusOr<stitch::Observations> ReadCampaignObservations(const std::string& directory);

}  // namespace rankle::cli
