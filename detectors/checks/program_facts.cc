#include "detectors/checks/program_facts.h"

#include <algorithm>

namespace rankle::lint {

void SettleProgram(const std::vector<ProgramFacts>& units, std::vector<Finding>& findings) {
  const auto any = [&](bool ProgramFacts::*fact) {
    return std::any_of(units.begin(), units.end(), [&](const ProgramFacts& unit) { return unit.*fact; });
  };
  const bool holds = any(&ProgramFacts::communicates) && !any(&ProgramFacts::polls);
  // Said once, at the first wait.
  const Finding* first = nullptr;
  for (const Finding& finding : findings) {
    if (finding.check == kWaitWithoutAsyncPoll && (!first || finding.place < first->place)) first = &finding;
  }
  const Place place = holds && first ? first->place : Place{};
  std::erase_if(findings, [&](const Finding& finding) {
    return finding.check == kWaitWithoutAsyncPoll && finding.place != place;
  });
}

}  // namespace rankle::lint
