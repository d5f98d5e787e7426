#include "analyzer/taxonomy/fault_class.h"

#include <algorithm>

#include "injector/api/api.h"

namespace rankle::taxonomy {
namespace {

bool IsAt(const std::string& on, std::string_view at) {
  if (on == at) return true;
  const api::ApiInfo* info = api::FindApi(at);
  return info != nullptr && (info->groups & api::GroupByName(on)) != 0;
}

bool Fits(const FaultClass& row, const InjectedFault& fault) {
  const bool at = row.on.empty() || std::any_of(row.on.begin(), row.on.end(),
                                                [&](const std::string& on) { return IsAt(on, fault.at); });
  const bool error =
      row.errors.empty() || std::find(row.errors.begin(), row.errors.end(), fault.error) != row.errors.end();
  return row.fault == fault.kind && at && error;
}

}  // namespace

const FaultClass* ClassOf(const InjectedFault& fault, const Knowledge& knowledge) {
  const auto found = std::find_if(knowledge.fault_classes.begin(), knowledge.fault_classes.end(),
                                  [&](const FaultClass& row) { return Fits(row, fault); });
  return found == knowledge.fault_classes.end() ? nullptr : &*found;
}

}  // namespace rankle::taxonomy
