#include "cli/launch/fault_files.h"

#include "absl/strings/str_join.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/control_file.h"

namespace rankle::cli {

absl::StatusOr<plan::Plan> ReadPlan(const FaultSources& sources) {
  plan::Plan plan;
  for (const std::string& path : sources.plan_files) {
    const absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return text.status();
    if (absl::Status status = plan.AddYaml(*text, path); !status.ok()) return status;
  }
  for (const PlanText& yaml : sources.yaml_texts) {
    if (absl::Status status = plan.AddYaml(yaml.text, yaml.name); !status.ok()) return status;
  }
  for (const std::string& text : sources.short_forms) {
    if (absl::Status status = plan.AddShortForm(text); !status.ok()) return status;
  }
  if (sources.seed) plan.set_seed(*sources.seed);
  return plan;
}

absl::StatusOr<FaultFiles> WriteFaultFiles(const plan::Plan& plan, const std::string& output_dir) {
  if (plan.size() == 0) return FaultFiles{};
  const FaultFiles files{.plan_path = Cat(output_dir, "/plan.armed"),
                         .control_path = Cat(output_dir, "/control")};
  if (absl::Status status = WriteFile(files.plan_path, plan.Arm(kDefaultSeed)); !status.ok()) return status;
  const std::string readable = Cat(absl::StrJoin(plan.Describe(), "\n"), "\n");
  if (absl::Status status = WriteFile(Cat(output_dir, "/plan.txt"), readable); !status.ok()) {
    return status;
  }
  const absl::StatusOr<plan::ControlFile> control =
      plan::ControlFile::Create(files.control_path, plan.size());
  if (!control.ok()) return control.status();
  return files;
}

std::string WhyNotFired(const FaultOutcome& fault) {
  if (fault.fired > 0) return "";
  return Cat("fault '", fault.name, "' never fired",
             fault.matched > 0
                 ? Cat(": of the ", fault.matched,
                       " calls that its `where` matched, its `when` held for none, or the action "
                       "could not work on them")
                 : ": no call matched its `on` and `where`");
}

std::vector<FaultOutcome> ReadFaultOutcomes(const std::string& output_dir) {
  const absl::StatusOr<std::string> armed = ReadFile(Cat(output_dir, "/plan.armed"));
  const absl::StatusOr<plan::ControlFile> control = plan::ControlFile::Open(Cat(output_dir, "/control"));
  if (!armed.ok() || !control.ok()) return {};
  const plan::ArmedPlan plan = plan::ArmedPlan::View(armed->data(), armed->size());
  std::vector<FaultOutcome> outcomes;
  for (size_t i = 0; i < plan.size() && i < control->fault_count(); ++i) {
    const plan::FaultControl& counters = control->page()->faults[i];
    outcomes.push_back(
        {.name = plan.name(i), .matched = counters.matched.load(), .fired = counters.fired.load()});
  }
  return outcomes;
}

}  // namespace rankle::cli
