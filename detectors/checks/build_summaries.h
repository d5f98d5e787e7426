// Computes the summaries of all functions and lambdas of a unit, until none changes any more.
#pragma once

#include <memory>
#include <vector>

#include "detectors/checks/function_view.h"
#include "detectors/checks/summaries.h"

namespace rankle::lint {

void BuildSummaries(const std::vector<std::unique_ptr<FunctionView>>& functions, Summaries& summaries);

}  // namespace rankle::lint
