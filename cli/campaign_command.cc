#include "cli/campaign_command.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "cli/campaign/driver.h"
#include "cli/campaign/executor.h"
#include "cli/campaign/point_list.h"
#include "cli/campaign/state.h"
#include "cli/campaign/worker.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/text.h"
#include "cli/output.h"

namespace rankle::cli {
namespace {

constexpr char kCampaignFile[] = "/campaign.yaml";

}  // namespace

const char* CampaignCommand::examples() const {
  return "  rankle campaign campaign.yaml -o out              (docs/campaigns.md shows one)\n"
         "  rankle campaign campaign.yaml -o out --resume     (after an interruption, or kill -9)\n"
         "  rankle stitch out                                 (what feeds itself)\n"
         "Exit code: 0 all that was wanted was tried, 2 unusable campaign, or nothing could be measured, "
         "130 interrupted.";
}

void CampaignCommand::DeclareFlags(Flags& flags) {
  flags.Text({.name = "CAMPAIGN", .type = "", .help = "Campaign file (YAML)", .required = true}, path_);
  flags.Text({.name = "-o,--output",
              .type = "DIR",
              .help = "Where state and records go (default: rankle-out/campaign-<date>-<pid>)"},
             output_dir_);
  flags.Switch("--resume", "Go on with the campaign in DIR; nothing that was measured is measured again",
               resume_);
  flags.Switch("--keep", "Keep the records of all runs", keep_);
  flags.Switch("--worker",
               "For the executor: make one run of the campaign directory CAMPAIGN (its number is that of "
               "the Slurm array task)",
               worker_);
}

int CampaignCommand::RunWorker() const {
  const char* const task = getenv("SLURM_ARRAY_TASK_ID");
  size_t number = 0;
  if (task == nullptr || !absl::SimpleAtoi(task, &number) || number == 0) {
    Say("--worker: SLURM_ARRAY_TASK_ID is not set: workers are started by `rankle campaign`");
    return kExitUnusable;
  }
  std::string text;
  const absl::StatusOr<Campaign> campaign = ReadCampaignFile(path_ + kCampaignFile, text);
  const absl::StatusOr<CampaignRun> run = ReadFromBatch(path_, number - 1);
  for (const absl::Status& status : {campaign.status(), run.status()}) {
    if (status.ok()) continue;
    SayError(status);
    return kExitUnusable;
  }
  return Work(path_, *campaign, *run, keep_);
}

absl::Status CampaignCommand::RunAll() {
  std::string text;
  const absl::StatusOr<Campaign> campaign = ReadCampaignFile(path_, text);
  if (!campaign.ok()) return campaign.status();
  if (const auto points = ReadPointLists(campaign->points.overlays); !points.ok()) return points.status();
  if (output_dir_.empty()) {
    if (resume_) return absl::InvalidArgumentError("--resume: say by -o which campaign to go on with");
    output_dir_ = CampaignOutputDirectory(RealtimeNs(), getpid());
  }
  std::error_code error;
  std::filesystem::create_directories(output_dir_, error);
  if (error) return FileError(error.value(), output_dir_, "cannot be made");
  absl::StatusOr<CampaignState> state = CampaignState::Open(output_dir_, text, resume_);
  if (!state.ok()) return state.status();
  if (absl::Status status = WriteFile(output_dir_ + kCampaignFile, text); !status.ok()) return status;
  const std::unique_ptr<Executor> executor = campaign->slurm ? SlurmExecutor(output_dir_, *campaign, keep_)
                                                             : LocalExecutor(output_dir_, *campaign, keep_);
  const absl::StatusOr<CampaignOutcome> outcome = RunCampaign(*campaign, output_dir_, *state, *executor);
  if (!outcome.ok()) return outcome.status();
  for (const std::string& note : outcome->notes) Say(note);
  if (outcome->runs.finished == 0) {
    return absl::FailedPreconditionError(
        Cat(output_dir_, ": no run could be measured; the notes above say why, logs are in ", output_dir_,
            "/runs"));
  }
  return WriteOutput("", absl::StrFormat("%d experiments, %d runs (%d gave nothing to compare) in %s\n"
                                         "what feeds itself: rankle stitch %s\n",
                                         outcome->experiments, outcome->runs.planned, outcome->runs.failed,
                                         output_dir_, output_dir_));
}

int CampaignCommand::Run(const std::vector<std::string>&) {
  if (worker_) return RunWorker();
  const absl::Status status = RunAll();
  if (status.ok()) return kExitOk;
  if (absl::IsCancelled(status)) {
    Say(Cat("interrupted: the runs in flight were ended; go on with --resume -o ", output_dir_));
    return 128 + SIGINT;
  }
  SayError(status);
  return kExitUnusable;
}

}  // namespace rankle::cli
