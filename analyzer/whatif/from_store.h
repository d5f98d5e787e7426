// A job as its records of operations show it, for the what-if analysis: rankle's own flight records,
// profiles, whatever has times of operations on the device. Pure; reads a finished Store.
//
// Each operation is preceded by a piece of computing of its rank: from the moment when there was nothing left
// to wait for (the operation before it arrived, those that it waits for ended) until its arrival. An
// operation's own time is from the last arrival to its end. Peers are the ranks of one role (stage, else the
// same operations), at the same place of a step; what they compute is taken for the same work.
//
// Computing that is hidden behind communication of the same rank is not on record: made ideal, it stays
// hidden.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "analyzer/store/store.h"
#include "analyzer/whatif/model.h"

namespace rankle::whatif {

// Without a range: all steps but the first (warm-up) and the last (may be cut off), if there are more than
// two; of very many, the last ones, which a note says.
absl::StatusOr<Model> ModelFromStore(const store::Store& store, const std::optional<StepRange>& range = {});

}  // namespace rankle::whatif
