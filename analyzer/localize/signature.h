// Signature agreement: do all ranks issue the same collectives in the same order, and do sends fit their
// receives? Pure; reads a finished Store.
//
// Method: for each communicator the first sequence number at which the signatures (operation, count,
// datatype, reduction, root) differ is found in linear time. There the majority decides what is right;
// without a majority the ranks' own history does (an operation that never followed its predecessor before is
// the odd one). Then the odd rank's sequence is aligned with the others' to tell a skipped, repeated or
// swapped call from a changed argument.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/localize/progress.h"
#include "analyzer/localize/wait_graph.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

enum class DisagreementKind {
  kChanged,
  kSkipped,
  kRepeated,
  kSwapped,
  kDifferent,
  kSizes,
  kPeer,
  kFewer  // the records of a rank end earlier: it left calls out, or the records did
};
const char* DisagreementKindName(DisagreementKind kind);

struct Disagreement {
  DisagreementKind kind = DisagreementKind::kChanged;
  int32_t communicator = store::kNone;
  uint32_t seq = 0;
  uint32_t operation = 0;         // of a culprit, or the nearest there is
  std::string field;              // op, count, dtype, redop, root, order, bytes, peer
  std::vector<int32_t> culprits;  // rank indices; all candidates when undecided
  std::vector<int32_t> others;
  bool decided = true;  // false: the records do not tell which side is wrong
  double support = 1;   // share of the ranks (or of history) that speak against the culprits
  int64_t time = 0;
  std::string what;  // "rank 2 issued AllReduce of 65 float32, the others of 64"
  std::vector<std::string> evidence;
};

std::vector<Disagreement> FindDisagreements(const store::Store& store, const Progress& progress);

// Where all calls of each communicator agree but ranks wait for each other over several communicators: who
// left the usual order of calls (signature_order.cc).
std::vector<Disagreement> FindOrderDisagreements(const store::Store& store, const Progress& progress,
                                                 const std::vector<Stall>& stalls);

}  // namespace rankle::localize
