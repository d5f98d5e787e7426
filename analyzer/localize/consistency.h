// Are the values right? Compares content samples (hooks: samples.h) between ranks: results that must agree,
// tensors that must be held alike, the first value that is not finite, inputs far outside of what the others
// send. Pure; reads a finished Store.
//
// What it cannot see: a wrong value of ordinary size that is sent into a reduction. Every rank then receives
// the same wrong result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

enum class InconsistencyKind {
  kResult,     // one operation left different results on different ranks
  kReplica,    // a tensor that all ranks must hold alike differs
  kNonFinite,  // NaN or infinity: where it appeared first
  kOutlier,    // a rank sent a value of quite another size than all others, and than itself before
};
const char* InconsistencyKindName(InconsistencyKind kind);

struct Inconsistency {
  InconsistencyKind kind = InconsistencyKind::kResult;
  int32_t communicator = store::kNone;  // kNone for replicas
  std::string name;                     // of a replica
  uint16_t api = 0;
  uint32_t seq = 0;  // of the first occurrence
  std::vector<int32_t>
      culprits;  // rank indices; all candidates when undecided; empty when nobody can be named
  std::vector<int32_t> others;
  bool decided = true;
  double support = 1;      // share of the compared ranks that speak against the culprits
  int occurrences = 1;     // sampled operations in which it shows
  bool recovered = false;  // later samples are right again
  int64_t time = 0;
  std::string what;
  std::vector<std::string> evidence;
};

// The first of each kind and set of culprits, in time order.
std::vector<Inconsistency> FindInconsistencies(const store::Store& store);

}  // namespace rankle::localize
