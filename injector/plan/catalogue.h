// The fault catalogue as data: what each action does, applies to, takes, shows to the application and cannot
// imitate. `rankle faults list|show` prints it; the plan parser checks against it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "injector/plan/action.h"

namespace rankle::plan {

struct Parameter {
  std::string_view name;  // key under `with:`
  std::string_view type;  // "duration", "result", "bytes", "number", "choice a|b", "text"
  bool required;
  std::string_view meaning;
};

struct ActionInfo {
  Action action;
  std::string_view name;     // "slow-kernel"
  std::string_view summary;  // one line
  uint32_t applies_to;       // api::Group bits it may be aimed at; 0 = any function
  std::span<const Parameter> parameters;
  std::string_view application_sees;
  std::string_view cannot_imitate;
  std::span<const std::string_view> root_causes;  // taxonomy names it stands for
  std::string_view unavailable;  // empty, or why this build cannot do it and what to use instead
  std::string_view example;      // short form
  // Empty: acts on calls, inside the job. "network", "host": acts on links or processes from outside
  // (injector/host), and no call is matched.
  std::string_view place = "";
};

std::span<const ActionInfo> Catalogue();
const ActionInfo* FindAction(std::string_view name);
const ActionInfo* FindAction(Action action);

}  // namespace rankle::plan
