// What the clocks of different hosts leave open: which of two failures came first.
#pragma once

#include "analyzer/facts/facts.h"
#include "analyzer/report/report.h"
#include "analyzer/store/store.h"

namespace rankle::verdict {

// How certain a verdict that rests on this finding can be at most: 1, or 0.5 when it names the first failure
// and one on another host lies within the uncertainty of the clocks; that is then added to its evidence.
double MostCertain(const store::Store& store, const facts::Facts& facts, ReportedFinding& finding);

}  // namespace rankle::verdict
