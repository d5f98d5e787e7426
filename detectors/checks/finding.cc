#include "detectors/checks/finding.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "detectors/fault_points/point_id.h"

namespace rankle::lint {

const char* SeverityName(Severity severity) {
  static constexpr const char* kNames[] = {"advice", "warning", "error"};
  return kNames[static_cast<int>(severity)];
}

void Identify(std::vector<Finding>& findings, const std::vector<std::string>& words) {
  std::map<std::string, int> count;
  for (size_t i = 0; i < findings.size(); ++i) {
    const std::string base = findings[i].check + '\n' + findings[i].function + '\n' + words[i];
    const int number = ++count[base];
    findings[i].identity = points::Hex(points::Fnv(base + '\n' + std::to_string(number)));
  }
}

void SortAndMerge(std::vector<Finding>& findings) {
  const auto key = [](const Finding& finding) {
    return std::tie(finding.place, finding.check, finding.message);
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  findings.erase(std::unique(findings.begin(), findings.end(),
                             [&](const Finding& a, const Finding& b) { return key(a) == key(b); }),
                 findings.end());
}

}  // namespace rankle::lint
