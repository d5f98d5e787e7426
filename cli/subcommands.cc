// The list of subcommands: the only place that knows all of them.
#include "cli/analyze_command.h"
#include "cli/attach_command.h"
#include "cli/bugs_command.h"
#include "cli/campaign_command.h"
#include "cli/doctor_command.h"
#include "cli/faults_command.h"
#include "cli/instrument_command.h"
#include "cli/lint_command.h"
#include "cli/points_command.h"
#include "cli/release_command.h"
#include "cli/run_command.h"
#include "cli/stitch_command.h"
#include "cli/subcommand.h"
#include "cli/suite_command.h"
#include "cli/trace_command.h"
#include "cli/version_command.h"

namespace rankle::cli {

std::vector<std::unique_ptr<Subcommand>> AllSubcommands() {
  std::vector<std::unique_ptr<Subcommand>> all;
  all.push_back(std::make_unique<RunCommand>());
  all.push_back(std::make_unique<AnalyzeCommand>());
  all.push_back(std::make_unique<SuiteCommand>());
  all.push_back(std::make_unique<CampaignCommand>());
  all.push_back(std::make_unique<StitchCommand>());
  all.push_back(std::make_unique<BugsCommand>());
  all.push_back(std::make_unique<FaultsCommand>());
  all.push_back(std::make_unique<PointsCommand>());
  all.push_back(std::make_unique<InstrumentCommand>());
  all.push_back(std::make_unique<LintCommand>());
  all.push_back(std::make_unique<AttachCommand>());
  all.push_back(std::make_unique<ReleaseCommand>());
  all.push_back(std::make_unique<TraceCommand>());
  all.push_back(std::make_unique<DoctorCommand>());
  all.push_back(std::make_unique<VersionCommand>());
  return all;
}

}  // namespace rankle::cli
