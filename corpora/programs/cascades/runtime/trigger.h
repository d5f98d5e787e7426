// The one fault that a test asks for: which hits of which call site, and what happens there instead. Pure.
//
// Text: "FUNCTION:CALL FIRST+COUNT error ERRNO" or "FUNCTION:CALL FIRST+COUNT delay MILLISECONDS", e.g.
// "ReadShard:read 6+1 delay 200": the 6th hit of read() in ReadShard, counted over all processes of the job.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_TRIGGER_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_TRIGGER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rankle::cascades {

struct Trigger {
  std::string function;
  std::string call;
  uint32_t first = 0;  // hits count from 1
  uint32_t count = 0;
  int error = 0;               // errno that the call returns with instead of being made; 0: it is made
  int delay_milliseconds = 0;  // before the call

  bool Covers(absl::string_view at_function, absl::string_view at_call, uint32_t hit) const {
    return hit >= first && hit - first < count && at_function == function && at_call == call;
  }
};

absl::StatusOr<Trigger> ParseTrigger(absl::string_view text);

// "EAGAIN" for EAGAIN, "OK" for 0; the number in decimal for one that no fault of the corpus uses.
std::string ErrorName(int error);

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_TRIGGER_H_
