// The keys of `with:`: the parameters of the actions, read by the types that the catalogue names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/names.h"
#include "injector/plan/raw_fault.h"
#include "injector/plan/string_pool.h"

namespace rankle::plan {

// What the checks of the target need to know about the parameters and the fault itself does not hold.
struct ParameterFacts {
  std::optional<ResultKind> result_kind;  // of a result that was given by name
};

// Sets the action's defaults, before any parameter is read.
void SetDefaults(ArmedFault& fault, StringPool& pool);
// Parameters must come in the catalogue's order: the meaning of one may hang on an earlier one.
absl::Status ReadParameter(const Parameter& parameter, const RawValue& value, ArmedFault& fault,
                           StringPool& pool, ParameterFacts& facts);
// What only shows when all of them are known: one of two alternatives, `for` of a signal that is not STOP.
absl::Status CheckParameters(const ArmedFault& fault, std::span<const std::string_view> given);
// What ReadParameter would read back; no items when it is the default. `kind`: what the target's functions
// return.
RawValue WriteParameter(const Parameter& parameter, const ArmedFault& fault, const std::string& pool,
                        ResultKind kind);

}  // namespace rankle::plan
