// The causal chain of a report: what happened in order of time, each entry with what caused it, where the
// trace shows that. The verdict is not touched by it. Pure.
#pragma once

#include <vector>

#include "analyzer/explain/edge.h"
#include "analyzer/facts/facts.h"
#include "analyzer/report/report.h"

namespace rankle::explain {

std::vector<ChainLink> CausalChain(const store::Store& store, const facts::Facts& facts,
                                   const Verdict& verdict, const std::vector<CauseEdge>& edges);

// An incident that has been linked, as entries. `quiet_unless_linked`: of a healthy job, events that nothing
// links are everyday business, but for what was said of the job.
std::vector<ChainLink> ToChain(Incident incident, const std::vector<CauseEdge>& edges,
                               bool quiet_unless_linked);

// The edges of a chain, each once: the nearer to the beginning the earlier, equally near ones by name. That
// order does not depend on which of two branches was faster.
std::vector<std::string> EdgesOf(const std::vector<ChainLink>& chain);

}  // namespace rankle::explain
