// What a finding shows, in the tokens that rules/taxonomy/evidence.jsonl speaks of. Pure.
//
// Tokens: class:hang.mismatch · kind:, field: of a disagreement · wait:, culprits:none of a stall · op:p2p,
// op:collective · signal:, exit:, result: of the failures that the finding names · phase:init (no operation
// had finished before), phase:steps (many had) · log:ID of a log signature that was found.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/report/report.h"
#include "analyzer/store/store.h"
#include "analyzer/taxonomy/log_matches.h"

namespace rankle::taxonomy {

struct FindingEvidence {
  std::set<std::string> tokens;
  std::string anomaly, symptom, op, communicator;
  std::vector<std::pair<std::string, double>> root_causes;
  std::vector<std::string> references;  // of the rule; bugs may be among them
  std::set<std::string> failures;       // what failed, in words, of the failures that the finding names
  std::string programs;                 // command lines of the launcher and the first rank, in lower case
  const std::vector<LogMatch>* log = nullptr;
};

// `log` must outlive the result.
FindingEvidence CollectEvidence(const store::Store& store, const facts::Facts& facts,
                                const std::vector<LogMatch>& log, const ReportedFinding& finding);

}  // namespace rankle::taxonomy
