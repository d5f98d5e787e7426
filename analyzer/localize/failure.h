// First failure: what went wrong first, on which rank, and what merely followed. Pure; reads a finished
// Store.
//
// Each rank has a chain of events that led to its end; the first of them is its own failure. Among ranks the
// earliest failure is the root, except that events which are typical consequences (remote errors,
// asynchronous errors, teardown signals) are set aside while another rank has a failure of its own that is
// not clearly later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

enum class FailureKind { kCuda, kNccl, kOutOfMemory, kException, kDeath };
const char* FailureKindName(FailureKind kind);

// How much an event looks like the consequence of somebody else's failure.
enum class Cascade {
  kLocal,      // a failed CUDA call, an exception, a crash: made here
  kAmbiguous,  // an asynchronous or system error, a termination request: made here or elsewhere
  kTypical,    // a remote error; killed by the launcher
};

struct Failure {
  int32_t rank = store::kNone;  // index into Store::ranks
  FailureKind kind = FailureKind::kDeath;
  Cascade cascade = Cascade::kLocal;
  int64_t time = 0;
  std::string what;    // "cudaMalloc failed: cudaErrorMemoryAllocation (2)"
  uint16_t api = 0;    // the failed call, 0 = none
  int32_t code = 0;    // its result or the exit code
  int32_t signal = 0;  // that ended the process; 0 = none
  int32_t communicator = store::kNone;
  bool first_of_rank = false;  // the start of its rank's chain
  bool root = false;           // nothing earlier explains it
  bool rank_ended = false;     // the chain ended the process
};

// All failures in time order, roots marked.
std::vector<Failure> FindFailures(const store::Store& store);

}  // namespace rankle::localize
