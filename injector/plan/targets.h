// Which functions a fault is aimed at: names, globs and groups of `on:`, less those that the action cannot
// work on.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/api/api.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/names.h"
#include "injector/plan/parameters.h"

namespace rankle::plan {

struct TargetFunction {
  const api::ApiInfo* api = nullptr;
  bool by_name = false;  // written out, not found through a glob or group
};

// In the order of ids, each once.
absl::StatusOr<std::vector<TargetFunction>> ResolveTargets(const std::vector<std::string>& on);

// Drops functions that a glob or group brought in and the action cannot work on; an error when one was
// written out, or when none is left.
absl::StatusOr<std::vector<TargetFunction>> KeepPossible(const std::vector<TargetFunction>& targets,
                                                         const ActionInfo& action, const ArmedFault& fault,
                                                         const ParameterFacts& facts);

// The kind of code that all functions aimed at return; kNone when they differ
// (the two CUDA libraries count as one).
ResultKind CommonResultKind(const ArmedFault& fault);

// "collective, p2p"
std::string GroupNames(uint32_t groups);
std::vector<std::string_view> AllGroupNames();

}  // namespace rankle::plan
