#include "cli/release_command.h"

#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/control_file.h"

namespace rankle::cli {
namespace {

// Releases the fault of that name, all when it is empty; returns what was done, as text.
absl::StatusOr<std::string> Release(const std::string& directory, const std::string& name) {
  const absl::StatusOr<std::string> armed = ReadFile(Cat(directory, "/plan.armed"));
  if (absl::IsNotFound(armed.status())) {
    return absl::NotFoundError(
        Cat(directory, ": no fault plan here: give the output directory of a run with faults"));
  }
  if (!armed.ok()) return armed.status();
  const char* error = nullptr;
  const plan::ArmedPlan plan = plan::ArmedPlan::View(armed->data(), armed->size(), &error);
  if (error) return absl::InvalidArgumentError(Cat(directory, "/plan.armed: ", error));
  absl::StatusOr<plan::ControlFile> control = plan::ControlFile::Open(Cat(directory, "/control"));
  if (!control.ok()) return control.status();

  std::string done, known;
  for (size_t i = 0; i < plan.size() && i < control->fault_count(); ++i) {
    known += Cat(known.empty() ? "" : ", ", plan.name(i));
    if (!name.empty() && name != plan.name(i)) continue;
    const uint32_t released = control->Release(i);
    done += Cat("fault '", plan.name(i), "': released ", released, " hanging call", released == 1 ? "" : "s",
                "\n");
  }
  if (done.empty()) return absl::NotFoundError(Cat("no fault '", name, "' in this run; there are: ", known));
  return done;
}

}  // namespace

const char* ReleaseCommand::examples() const {
  return "  rankle release rankle-out/20260131-120000-4711\n"
         "  rankle release out --fault late-rank-3";
}

void ReleaseCommand::DeclareFlags(Flags& flags) {
  flags.Text({.name = "DIR", .type = "", .help = "Output directory of the run", .required = true},
             directory_);
  flags.Text({.name = "--fault", .type = "NAME", .help = "Only this fault (default: all)"}, fault_);
}

int ReleaseCommand::Run(const std::vector<std::string>&) {
  absl::StatusOr<std::string> done = Release(directory_, fault_);
  absl::Status status = done.ok() ? WriteOutput("", *done) : done.status();
  if (status.ok()) return kExitOk;
  SayError(status);
  return kExitUnusable;
}

}  // namespace rankle::cli
