#include "cli/fault_legs.h"

#include <map>

#include "absl/strings/str_format.h"
#include "cli/ebpf/attachment.h"
#include "cli/hosts/abilities.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/text.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/plan.h"

namespace rankle::cli {
namespace {

constexpr char kActsOnCalls[] = "it acts on calls, and no call is seen from there";
constexpr char kActsOutside[] = "it acts on processes, links and disks, not on calls";

std::string WhyNoLibrary(const std::string& path) { return FileExists(path) ? "" : Cat(path, " is missing"); }

// What is missing for eBPF on this machine; return values are no part of any fault.
std::string WhyNoEbpf() {
  for (const Check& check : CheckEbpf()) {
    if (check.state != Check::State::kOk && check.name != "eBPF: return values")
      return Cat(check.name, ": ", check.detail);
  }
  return "";
}

// The action itself, by its example: with keys and targets that both legs know.
std::string WhyNotThroughEbpf(const plan::ActionInfo& action) {
  plan::Plan plan;
  absl::Status status = plan.AddShortForm(action.example);
  if (status.ok()) status = CheckPlanForEbpf(plan);
  return std::string(status.message());
}

bool IsOfLibc(const plan::ActionInfo& action) {
  plan::Plan plan;
  return plan.AddShortForm(action.example).ok() && !plan.NeedsHooks();
}

ActionLegs LegsOf(const plan::ActionInfo& action, const std::string& no_ebpf) {
  ActionLegs legs{action.name, {}};
  if (!action.unavailable.empty()) {
    for (const char* leg : {"preload", "ebpf", "host"})
      legs.legs.push_back({leg, std::string(action.unavailable)});
    return legs;
  }
  if (!action.place.empty()) {
    std::string why_not = WhyNotHere(action.action);
    if (why_not.empty() && action.place == "network") why_not = WhyNoHosts();
    legs.legs = {{"preload", kActsOutside}, {"ebpf", kActsOutside}, {"host", std::move(why_not)}};
    return legs;
  }
  const Installation& installation = ThisInstallation();
  legs.legs = {
      {"preload", WhyNoLibrary(IsOfLibc(action) ? installation.libc_library : installation.hooks_library)},
      {"ebpf", no_ebpf.empty() ? WhyNotThroughEbpf(action) : no_ebpf},
      {"host", kActsOnCalls}};
  return legs;
}

}  // namespace

std::vector<ActionLegs> LegsHere() {
  const std::string no_ebpf = WhyNoEbpf();
  std::vector<ActionLegs> legs;
  for (const plan::ActionInfo& action : plan::Catalogue()) legs.push_back(LegsOf(action, no_ebpf));
  return legs;
}

std::string DescribeLegs(const std::vector<ActionLegs>& actions) {
  std::map<std::string, int> told;  // how often
  std::vector<std::string> order;
  for (const ActionLegs& action : actions) {
    for (const Leg& leg : action.legs) {
      if (!leg.why_not.empty() && ++told[leg.why_not] == 1) order.push_back(leg.why_not);
    }
  }
  std::map<std::string, std::string> marks;  // of the reasons that are told at the end
  std::string text, notes;
  for (const std::string& reason : order) {
    if (told[reason] < 2) continue;
    marks[reason] = Cat("(", marks.size() + 1, ")");
    notes += Cat(marks[reason], " ", reason, "\n");
  }
  for (const ActionLegs& action : actions) {
    std::string line = absl::StrFormat("%-13s", std::string(action.action)), below;
    for (const Leg& leg : action.legs) {
      const auto mark = marks.find(leg.why_not);
      const std::string answer = leg.why_not.empty()   ? "yes"
                                 : mark == marks.end() ? "no"
                                                       : "no " + mark->second;
      line += absl::StrFormat("%-9s%-8s", std::string(leg.name) + ":", answer);
      if (answer == "no") below += Cat("    ", leg.name, ": ", leg.why_not, "\n");
    }
    while (line.ends_with(' ')) line.pop_back();
    text += Cat(line, "\n", below);
  }
  return text + notes;
}

}  // namespace rankle::cli
