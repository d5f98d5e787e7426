#include "cli/campaign/fault_taxonomy.h"

#include <algorithm>

#include "analyzer/taxonomy/fault_class.h"
#include "cli/campaign/site_names.h"
#include "injector/plan/names.h"

namespace rankle::cli {
namespace {

const char* KindName(stitch::FaultKind kind) {
  constexpr const char* kNames[] = {"error", "negation", "delay", "skip"};
  return kNames[static_cast<size_t>(kind)];
}

std::string At(const stitch::SiteInfo& site) {
  constexpr const char* kPlaces[] = {"", "loop", "throw", "detector", "branch"};
  return site.kind == stitch::SiteKind::kCall ? FunctionOf(site) : kPlaces[static_cast<size_t>(site.kind)];
}

class Words {
 public:
  void Add(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const auto known = std::find_if(counted_.begin(), counted_.end(),
                                      [&](const auto& each) { return each.first == word; });
      if (known == counted_.end()) {
        counted_.emplace_back(word, 1);
      } else {
        ++known->second;
      }
    }
  }
  std::vector<std::string> Ordered() {
    std::stable_sort(counted_.begin(), counted_.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::string> words;
    for (const auto& [word, count] : counted_) words.push_back(word);
    return words;
  }

 private:
  std::vector<std::pair<std::string, int>> counted_;
};

}  // namespace

const taxonomy::FaultClass* ClassOfFault(const stitch::Fault& fault, const stitch::Names& names,
                                         const taxonomy::Knowledge& knowledge) {
  const auto site = names.sites.find(fault.site);
  const std::string at = site == names.sites.end() ? "" : At(site->second);
  const bool has_error = fault.kind == stitch::FaultKind::kError && fault.parameter != 0;
  const std::string error =
      fault.parameter == stitch::kTimeOut ? "timeout"
      : has_error ? plan::ResultName(plan::ResultKind::kErrno, static_cast<int>(fault.parameter))
                  : "";
  return taxonomy::ClassOf({.kind = KindName(fault.kind), .at = at, .error = error}, knowledge);
}

CycleClasses ClassesOf(const stitch::Cycle& cycle, const stitch::Names& names,
                       const taxonomy::Knowledge& knowledge) {
  Words root_causes, symptoms;
  for (const stitch::CycleEdge& link : cycle.edges) {
    const taxonomy::FaultClass* row = ClassOfFault(link.experiment.fault, names, knowledge);
    if (row == nullptr) continue;
    root_causes.Add(row->root_causes);
    symptoms.Add(row->symptoms);
  }
  return {root_causes.Ordered(), symptoms.Ordered()};
}

}  // namespace rankle::cli
