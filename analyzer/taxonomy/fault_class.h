// Which classes of real bugs an injected fault stands for, by a table (rules/taxonomy/fault_classes.jsonl).
// Pure.
#pragma once

#include <string_view>

#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

// A fault as the table sees it.
struct InjectedFault {
  std::string_view kind;  // "error", "delay", "negation", "skip"
  // The function that fails; or, of what is no call: "loop", "throw", "detector", "branch".
  std::string_view at;
  std::string_view error;  // "ECONNRESET"; "" = none
};

// The first row that fits, else nullptr. The built-in table has a row for every fault of those kinds.
const FaultClass* ClassOf(const InjectedFault& fault, const Knowledge& knowledge);

}  // namespace rankle::taxonomy
