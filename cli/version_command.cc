#include "cli/version_command.h"

#include <unistd.h>

#include "absl/strings/str_format.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "injector/plan/armed_plan.h"
#include "tracer/record/format.h"

namespace rankle::cli {

void VersionCommand::DeclareFlags(Flags&) {}

int VersionCommand::Run(const std::vector<std::string>&) {
  WriteAll(STDOUT_FILENO, absl::StrFormat("rankle %s (flight record %d.%d, armed plan %d)\n", RANKLE_VERSION,
                                          record::kVersionMajor, record::kVersionMinor, plan::kArmedVersion));
  return kExitOk;
}

}  // namespace rankle::cli
