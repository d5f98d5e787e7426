// A check: one kind of mistake, one file pair, one page in docs/checks. It is shown every function of a unit
// that calls something of the API table, then the unit as a whole, and reports what it finds.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "detectors/checks/finding.h"

namespace rankle::lint {

class FunctionView;
class Reporter;
class UnitView;

struct CheckInfo {
  std::string_view name;        // "nccl-count-in-bytes"; its page is docs/checks/NAME.md
  std::string_view summary;     // one line, for lists and SARIF
  std::string_view root_cause;  // a word of rules/taxonomy/root_causes.jsonl
  // The rule of `rankle analyze` whose finding shows that it happened ("hang/mismatch"); empty: none does.
  std::string_view witness;
  Severity severity = Severity::kWarning;
};

class Check {
 public:
  virtual ~Check() = default;
  virtual const CheckInfo& info() const = 0;
  // A function with at least one call of the API table or of a function that the summaries know.
  virtual void Function(const FunctionView& /*function*/, Reporter& /*report*/) {}
  // Every function of the user's files was shown. What the check remembers of them is of this unit: it is to
  // be forgotten here.
  virtual void Unit(const UnitView& /*unit*/, Reporter& /*report*/) {}
};

// All checks, in the order of the catalogue. New ones are added in all_checks.cc.
std::vector<std::unique_ptr<Check>> AllChecks();

}  // namespace rankle::lint
