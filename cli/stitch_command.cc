#include "cli/stitch_command.h"

#include <signal.h>

#include "analyzer/stitch/search/stitch.h"
#include "analyzer/taxonomy/load.h"
#include "cli/campaign/confirm.h"
#include "cli/campaign/cycles_document.h"
#include "cli/campaign/cycles_page.h"
#include "cli/campaign/cycles_text.h"
#include "cli/campaign/incident.h"
#include "cli/campaign/planner.h"
#include "cli/campaign/state.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"

namespace rankle::cli {

const char* StitchCommand::examples() const {
  return "  rankle stitch rankle-out/campaign-20260131-120000-4711\n"
         "  rankle stitch out --edges                  (all effects of all faults)\n"
         "  rankle stitch out --confirm                (replays each cycle: does one fault set it off?)\n"
         "  rankle stitch out --incident broken --healthy good1 --healthy good2   (which cycle was it?)\n"
         "  rankle stitch out --format html -o cycles.html   (a picture of each cycle)\n"
         "  rankle stitch out --format json -o cycles.json\n"
         "Exit code: 0 nothing feeds itself, 3 cycles were found, 2 unusable input, 1 internal error.";
}

void StitchCommand::DeclareFlags(Flags& flags) {
  flags.Text(
      {.name = "DIR", .type = "", .help = "Directory of a campaign (it may still run)", .required = true},
      directory_);
  flags.Choice({.name = "--format", .type = "FORMAT", .help = "text, json or html"}, {"text", "json", "html"},
               format_);
  flags.Text({.name = "-o,--output", .type = "FILE", .help = "Write to a file, not to standard output"},
             output_);
  flags.Switch("--edges", "List what each fault caused, too", edges_);
  flags.Switch(
      "--confirm",
      "Replay the cycles: their first fault, a few times, in the workload's 'replay' job; what came of "
      "it is kept",
      confirm_);
  flags.Text({.name = "--incident",
              .type = "RUN",
              .help = "Directory of a run with --sites that went wrong: which cycles are whole in it?"},
             incident_);
  flags.Texts(
      {.name = "--healthy",
       .type = "RUN",
       .help = "Runs of the same job that went well; default: the campaign's plain runs of as many ranks"},
      healthy_);
  flags.Choice(
      {.name = "--test",
       .type = "TEST",
       .help =
           "permutation, or welch as published (no control of false discoveries); default: as the campaign"},
      {"permutation", "welch"}, test_);
}

int StitchCommand::Run(const std::vector<std::string>&) {
  if (!incident_.empty() && format_ == "html") {
    SayError(
        absl::InvalidArgumentError("--incident: is told in text and JSON only: leave out --format html"));
    return kExitUnusable;
  }
  const absl::StatusOr<stitch::Observations> observations = ReadCampaignObservations(directory_);
  std::string file;
  const absl::StatusOr<std::string> found = ReadFile(directory_ + "/campaign.yaml");
  // A replay needs the programs; whoever only reads may sit at another machine.
  absl::StatusOr<Campaign> campaign = !found.ok() ? found.status()
                                      : confirm_  ? ReadCampaignFile(directory_ + "/campaign.yaml", file)
                                                  : ParseCampaign(*found, directory_ + "/campaign.yaml");
  for (const absl::Status& status : {observations.status(), campaign.status()}) {
    if (status.ok()) continue;
    SayError(status);
    return kExitUnusable;
  }
  if (!test_.empty()) campaign->test = test_ == "welch" ? CampaignTest::kWelch : CampaignTest::kPermutation;
  const stitch::Causes causes =
      stitch::AnalyzeCauses(*observations, StitchOptionsOf(*campaign, *observations));
  const stitch::Stitched stitched = stitch::Stitch(causes, observations->names);
  const absl::StatusOr<Confirmations> confirmations =
      confirm_ ? ConfirmCycles(*campaign, directory_, stitched, causes, observations->names)
               : ReadConfirmations(directory_);
  if (!confirmations.ok()) {
    SayError(confirmations.status());
    return absl::IsCancelled(confirmations.status()) ? 128 + SIGINT : kExitUnusable;
  }
  std::optional<IncidentSights> sights;
  if (!incident_.empty()) {
    const auto readings = ReadIncident(*campaign, *observations, incident_, healthy_);
    if (!readings.ok()) {
      SayError(readings.status());
      return kExitUnusable;
    }
    sights = BestReading(*readings, stitched);
  }
  const absl::StatusOr<taxonomy::Knowledge> taxonomy = taxonomy::LoadBuiltIn();
  if (!taxonomy.ok()) {
    SayError(taxonomy.status());
    return kExitInternalError;
  }
  const CyclesReport report{stitched, causes, observations->names, *confirmations, *taxonomy};
  const auto render = format_ == "json" ? CyclesDocument : format_ == "html" ? CyclesPage : CyclesText;
  std::string text = render(report);
  if (sights.has_value()) {
    text = format_ == "json" ? WithIncident(text, *sights)
                             : Cat(text, "\n", IncidentText(*sights, stitched, observations->names));
  }
  if (edges_ && format_ == "text") {
    const stitch::Causes all = stitch::AnalyzeCauses(*observations, FcaOptionsOf(*campaign));
    text += "\nEffects, also where no fault was injected\n" + EdgesText(all, observations->names);
  }
  if (absl::Status status = WriteOutput(output_, text); !status.ok()) {
    SayError(status);
    return kExitUnusable;
  }
  return stitched.cycles.empty() ? kExitOk : kExitAnomaly;
}

}  // namespace rankle::cli
