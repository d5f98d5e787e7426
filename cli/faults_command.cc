#include "cli/faults_command.h"

#include "cli/fault_legs.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "injector/plan/describe.h"

namespace rankle::cli {
namespace {

int Print(const absl::StatusOr<std::string>& text) {
  absl::Status status = text.ok() ? WriteOutput("", *text) : text.status();
  if (status.ok()) return kExitOk;
  SayError(status);
  return kExitUnusable;
}

absl::StatusOr<std::string> CheckFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return plan::CheckPlan(*text, path);
}

}  // namespace

const char* FaultsCommand::examples() const {
  return "  rankle faults list\n"
         "  rankle faults show hang\n"
         "  rankle faults check plan.yaml";
}

void FaultsCommand::DeclareFlags(Flags& flags) {
  flags.Nested("list", "One line for each fault", list_);
  flags.Nested("show", "Everything about one fault: targets, parameters, what it cannot imitate", show_)
      .Text({.name = "NAME",
             .type = "",
             .help = "Name of a fault, as in `rankle faults list`",
             .required = true},
            fault_);
  flags.Nested("check", "What a plan would do; says what is wrong with it, and in which line", check_)
      .Text({.name = "FILE", .type = "", .help = "Fault plan (YAML)", .required = true}, plan_file_);
}

int FaultsCommand::Run(const std::vector<std::string>&) {
  if (list_)
    return Print(Cat(
        plan::ListFaults(),
        "\non this machine (preload: inside the job; ebpf: attached to it; host: from outside, needs -n)\n",
        DescribeLegs(LegsHere())));
  if (show_) return Print(plan::ShowFault(fault_));
  return Print(CheckFile(plan_file_));
}

}  // namespace rankle::cli
