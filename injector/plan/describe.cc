#include "injector/plan/describe.h"

#include <algorithm>
#include <vector>

#include "injector/plan/catalogue.h"
#include "injector/plan/plan.h"
#include "injector/plan/suggest.h"
#include "injector/plan/targets.h"
#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

std::string AppliesTo(const ActionInfo& action) {
  if (!action.place.empty()) return std::string(action.place);
  return action.applies_to == 0 ? "any function" : GroupNames(action.applies_to);
}

std::string ParameterNames(const ActionInfo& action) {
  std::vector<std::string> names;
  for (const Parameter& parameter : action.parameters) {
    names.push_back(parameter.required ? std::string(parameter.name) : Concat("[", parameter.name, "]"));
  }
  return Join(names, " ");
}

int CountTargets(const ArmedFault& fault) {
  int count = 0;
  for (const uint64_t word : fault.apis) count += __builtin_popcountll(word);
  return count;
}

std::string Padded(std::string_view text, size_t width) {
  std::string padded(text);
  padded.resize(std::max(width, text.size() + 1), ' ');
  return padded;
}

void AddLine(std::string& text, std::string_view label, std::string_view value) {
  if (!value.empty()) text += Concat("  ", Padded(label, 16), value, "\n");
}

std::string Replaced(std::string_view text, char from, std::string_view to) {
  std::string result;
  for (const char c : text) {
    if (c == from) {
      result += to;
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string ListFaults() {
  std::string available, missing;
  for (const ActionInfo& action : Catalogue())
    (action.unavailable.empty() ? available : missing) +=
        Concat(Padded(action.name, 13), action.summary, "\n");
  if (missing.empty()) return available;
  return Concat(available,
                "\nnot available in this version (rankle faults show NAME says what to use instead):\n",
                missing);
}

absl::StatusOr<std::string> ShowFault(std::string_view name) {
  const ActionInfo* action = FindAction(name);
  if (action == nullptr) {
    std::vector<std::string_view> known;
    for (const ActionInfo& info : Catalogue()) known.push_back(info.name);
    return absl::NotFoundError(
        Concat("no action '", name, "'", DidYouMean(name, known), "; rankle faults list shows all"));
  }
  std::string text = Concat(action->name, ": ", action->summary, "\n");
  if (!action->unavailable.empty()) AddLine(text, "not available:", action->unavailable);
  if (action->unavailable.empty()) AddLine(text, "applies to:", AppliesTo(*action));
  AddLine(text, "the job sees:", action->application_sees);
  AddLine(text, "cannot imitate:", action->cannot_imitate);
  AddLine(text, "stands for:", Join(action->root_causes, ", "));
  if (!action->parameters.empty()) text += "  parameters:\n";
  for (const Parameter& parameter : action->parameters) {
    text += Concat("    ", Padded(parameter.name, 13), parameter.meaning,
                   parameter.required ? "; required" : "", " (", Replaced(parameter.type, '|', " | "), ")\n");
  }
  AddLine(text, "example:",
          action->example.empty() ? "" : Concat("--fault '", Replaced(action->example, '\'', "\""), "'"));
  return text;
}

absl::StatusOr<std::string> CheckPlan(std::string_view text, std::string_view name) {
  Plan plan;
  if (const auto added = plan.AddYaml(text, name); !added.ok()) return added;
  std::string out = Concat(name, ": ", plan.size(), plan.size() == 1 ? " fault" : " faults");
  out += plan.seed() ? Concat(", seed ", *plan.seed(), "\n") : ", no seed\n";
  const std::vector<std::string> lines = plan.Describe();
  for (size_t i = 0; i < lines.size(); ++i) {
    const int targets = CountTargets(plan.fault(i));
    out += Concat("  ", plan.fault_name(i), ": ", lines[i]);
    out += targets == 0 ? "\n" : Concat("  (", targets, targets == 1 ? " function)\n" : " functions)\n");
  }
  return out;
}

std::string CatalogueMarkdown() {
  std::string text = "| action | does | on | parameters | cannot imitate |\n|---|---|---|---|---|\n";
  for (const ActionInfo& action : Catalogue()) {
    if (!action.unavailable.empty()) continue;
    text += Concat("| ", action.name, " | ", action.summary, " | ", AppliesTo(action), " | ",
                   ParameterNames(action), " | ", action.cannot_imitate, " |\n");
  }
  return text;
}

}  // namespace rankle::plan
