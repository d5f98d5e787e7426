// The keys of `where:` and `when:`: for each one how it is read, how it is written back, and which functions
// have it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "injector/api/api.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/raw_fault.h"
#include "injector/plan/string_pool.h"

namespace rankle::plan {

struct Selector {
  Section section;
  std::string_view key;
  std::string_view meaning;
  absl::Status (*read)(const RawValue& value, ArmedFault& fault, StringPool& pool);
  // What `read` would read back; no items when the fault leaves the key out.
  RawValue (*write)(const ArmedFault& fault, const std::string& pool);
  // Does a call of this function have what the key asks about? nullptr: every call has.
  bool (*has)(const api::ApiInfo& function);
};

std::span<const Selector> Selectors();
const Selector* FindSelector(Section section, std::string_view key);

// The one item of a value; refuses lists and distributions.
absl::StatusOr<std::string> OneItem(const RawValue& value);

}  // namespace rankle::plan
