// Reader of cascades.yaml, the ground truth of the planted cascades. Says what is wrong with the file, and
// where.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_TRUTH_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_TRUTH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::cascades {

struct Site {
  std::string function;
  std::string call;
  bool operator==(const Site&) const = default;
};

struct Edge {
  Site cause;
  std::string fault;  // "error EAGAIN", "delay 200"
  Site effect;
  std::string outcome;  // of an E edge: the errno; empty: S+
  std::string workload;
  std::string trigger;  // the fault in the syntax of runtime/trigger.h
};

struct Truth {
  std::string name;
  std::string kind;
  std::vector<std::string> workloads;  // of the campaign
  int campaign_ranks = 0;
  int delay_ms = 0;
  int replay_ranks = 0;
  std::string replay_workload;
  std::string replay_trigger;
  std::vector<Edge> cycle;
  std::optional<Edge> without_condition;  // a first edge that must not show
};

// Refuses cycles that do not close: each effect must be the next edge's cause, an E as the error of the same
// outcome, an S+ as a delay; and cycles of another length than given.
absl::StatusOr<std::vector<Truth>> ReadTruths(const std::string& text, const std::string& name);

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_TRUTH_H_
