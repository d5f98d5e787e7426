#include "cli/version_command.h"

#include "absl/strings/str_format.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/output.h"
#include "injector/plan/armed_plan.h"
#include "tracer/record/format.h"

namespace rankle::cli {

void VersionCommand::DeclareFlags(Flags&) {}

int VersionCommand::Run(const std::vector<std::string>&) {
  const absl::Status status =
      WriteOutput("", absl::StrFormat("rankle %s (flight record %d.%d, armed plan %d)\n", RANKLE_VERSION,
                                      record::kVersionMajor, record::kVersionMinor, plan::kArmedVersion));
  if (status.ok()) return kExitOk;
  SayError(status);
  return kExitUnusable;
}

}  // namespace rankle::cli
