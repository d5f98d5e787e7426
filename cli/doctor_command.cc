#include "cli/doctor_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "cli/ebpf/attachment.h"
#include "cli/hosts/abilities.h"
#include "cli/hosts/control_groups.h"
#include "cli/inspect/leftovers.h"
#include "cli/inspect/machine.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/installation.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "injector/plan/catalogue.h"

namespace rankle::cli {
namespace {

const char* StateName(Check::State state) {
  switch (state) {
    case Check::State::kOk:
      return "ok";
    case Check::State::kMissing:
      return "missing";
    case Check::State::kBroken:
      return "broken";
  }
  return "?";
}

std::string Text(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks) {
    text += absl::StrFormat("%-8s %-19s %s\n", StateName(check.state), check.name, check.detail);
  }
  return text;
}

std::string Json(const std::vector<Check>& checks, bool works) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Check& check : checks) {
    list.push_back({{"name", check.name}, {"state", StateName(check.state)}, {"detail", check.detail}});
  }
  const nlohmann::ordered_json json{{"schema", "rankle.doctor/1"},
                                    {"version", RANKLE_VERSION},
                                    {"prefix", ThisInstallation().prefix},
                                    {"works", works},
                                    {"checks", std::move(list)}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// Faults of hosts and network, and the hosts that they act on.
std::vector<Check> CheckHostFaults() {
  const auto check = [](std::string name, const std::string& why_not, std::string_view what) {
    return why_not.empty() ? Check{std::move(name), Check::State::kOk, std::string(what)}
                           : Check{std::move(name), Check::State::kMissing, Cat("does not work: ", why_not)};
  };
  std::vector<Check> checks = {check("hosts", WhyNoHosts(), "`rankle run --hosts` works")};
  for (const plan::ActionInfo& action : plan::Catalogue()) {
    if (!action.place.empty() && action.unavailable.empty())
      checks.push_back(check(std::string(action.name), WhyNotHere(action.action), "works"));
  }
  return checks;
}

}  // namespace

const char* DoctorCommand::examples() const {
  return "  rankle doctor\n"
         "  rankle doctor --format json\n"
         "  rankle doctor --repair          (end what runs left behind whose rankle was killed)\n"
         "  rankle doctor -- ./train        (can its NCCL calls be seen?)\n"
         "Exit code: 0 when nothing essential is missing, else 1.";
}

void DoctorCommand::DeclareFlags(Flags& flags) {
  flags.Choice({.name = "--format", .type = "FORMAT", .help = "text or json"}, {"text", "json"}, format_);
  flags.Switch("--repair",
               "End processes of runs whose rankle is gone, and take back faults of hosts that they left in "
               "force; the rest "
               "of the machine is not looked at then",
               repair_);
}

// Control groups whose keeper is gone (cli/hosts/keeper.h). Repaired first: what is frozen cannot be ended.
Check DoctorCommand::CheckLeftoverGroups() const {
  const std::vector<ControlGroup> groups = FindGroups(std::nullopt);
  if (groups.empty())
    return {"host faults", Check::State::kOk, "none was left in force by a rankle that is gone"};
  std::string list, failed;
  for (const ControlGroup& group : groups) list += Cat(list.empty() ? "" : ", ", group.directory);
  if (!repair_) {
    return {"host faults", Check::State::kMissing,
            Cat("left in force by a rankle that is gone: ", list, "; --repair takes them back")};
  }
  for (const ControlGroup& group : groups) {
    if (absl::Status status = RemoveGroup(group); !status.ok())
      failed += Cat("; ", StdView(status.message()));
  }
  return {"host faults", failed.empty() ? Check::State::kOk : Check::State::kBroken,
          Cat("taken back: ", list, failed)};
}

Check DoctorCommand::CheckLeftovers() const {
  const std::vector<Leftover> leftovers = FindLeftovers();
  if (leftovers.empty())
    return {"leftovers", Check::State::kOk, "none: no process of a run whose rankle is gone"};
  std::string list;
  for (const Leftover& leftover : leftovers) {
    list += Cat(list.empty() ? "" : ", ", leftover.pid, " of ", leftover.output_dir);
  }
  if (!repair_) {
    return {"leftovers", Check::State::kMissing,
            Cat("processes of runs whose rankle is gone: ", list, "; --repair ends them")};
  }
  const size_t stuck = EndLeftovers(leftovers);
  if (stuck == 0) return {"leftovers", Check::State::kOk, Cat("ended: ", list)};
  return {"leftovers", Check::State::kBroken,
          Cat(stuck, " of these cannot be ended, they are stuck in the kernel (state D in ps): ", list)};
}

int DoctorCommand::Run(const std::vector<std::string>& command) {
  std::vector<Check> checks = CheckInstallationFiles();
  // What is tried out needs namespaces, and with them locks that the kernel holds for seconds while it takes
  // the networks of the very jobs down that are to be repaired: repairing does without.
  if (!repair_) {
    for (auto look : {CheckMachine, CheckEbpf, CheckHostFaults}) {
      for (Check& check : look()) checks.push_back(std::move(check));
    }
  }
  checks.push_back(CheckLeftoverGroups());
  checks.push_back(CheckLeftovers());
  if (!command.empty()) checks.push_back(CheckCommand(command.front()));
  const bool works = std::none_of(checks.begin(), checks.end(),
                                  [](const Check& check) { return check.state == Check::State::kBroken; });
  if (absl::Status status = WriteOutput("", format_ == "json" ? Json(checks, works) : Text(checks));
      !status.ok()) {
    SayError(status);
    return kExitUnusable;
  }
  return works ? kExitOk : kExitInternalError;
}

}  // namespace rankle::cli
