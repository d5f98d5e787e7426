// The fault plan of a run: from the command line to the files that the job reads (plan.armed, plan.txt,
// control), and what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/plan/plan.h"

namespace rankle::cli {

// The seed of runs that name none: fixed, so that the same command gives the same injections.
inline constexpr uint64_t kDefaultSeed = 1;

// A plan in YAML that lies in memory; `name` is for messages.
struct PlanText {
  std::string text, name;
};

struct FaultSources {
  std::vector<std::string> plan_files;
  std::vector<std::string> short_forms;
  std::vector<PlanText> yaml_texts;  // plans given as text (suites)
  std::optional<uint64_t> seed;
};

absl::StatusOr<plan::Plan> ReadPlan(const FaultSources& sources);

// Paths of what was written; empty when the plan holds no fault.
struct FaultFiles {
  std::string plan_path, control_path;
};
absl::StatusOr<FaultFiles> WriteFaultFiles(const plan::Plan& plan, const std::string& output_dir);

// How often each fault matched and fired in the run that wrote to `output_dir`; empty without a plan.
struct FaultOutcome {
  std::string name;
  uint64_t matched = 0, fired = 0;
};
// "fault 'x' never fired: why"; empty when it fired.
std::string WhyNotFired(const FaultOutcome& fault);
std::vector<FaultOutcome> ReadFaultOutcomes(const std::string& output_dir);

}  // namespace rankle::cli
