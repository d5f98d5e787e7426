// The events of a job that can be causes and effects, from its records and facts. Ground truth of injected
// faults is not among them. Pure; reads a finished Store.
#pragma once

#include "analyzer/explain/event.h"
#include "analyzer/facts/facts.h"
#include "analyzer/report/report.h"

namespace rankle::explain {

// Roots are those events of the verdict's ranks that its class names, and the ends of earlier incarnations of
// ranks.
Incident CollectEvents(const store::Store& store, const facts::Facts& facts, const Verdict& verdict);

}  // namespace rankle::explain
