// The bugs that look most like a finding. Pure.
//
// A bug is listed only when the evidence meets it: a kind of evidence that the finding shows and the bug is
// tagged with, or the bug's own telling signature in a log. Same symptom, same root cause, same operation and
// the like only order what is listed. A finding that no bug meets gets none.
#pragma once

#include <vector>

#include "analyzer/report/report.h"
#include "analyzer/taxonomy/evidence.h"
#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

// Most similar first. Equals are ordered by how sure their labels are, then newest fix first.
std::vector<SimilarBug> FindSimilarBugs(const Knowledge& knowledge, const FindingEvidence& finding,
                                        size_t at_most = 3);

}  // namespace rankle::taxonomy
