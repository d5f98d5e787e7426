// From findings to one verdict: findings that another finding explains are symptoms; what remains is the root
// cause. Pure. How it decides: docs/diagnosis.md.
#pragma once

#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/report/report.h"
#include "analyzer/rules/rule.h"

namespace rankle::verdict {

// Does `cause` explain `effect`, so that naming the first is enough?
bool Explains(const rules::Finding& cause, const rules::Finding& effect);

// Fills verdict and findings.
void Decide(const store::Store& store, const facts::Facts& facts, const std::vector<rules::Finding>& findings,
            Report& report);

}  // namespace rankle::verdict
