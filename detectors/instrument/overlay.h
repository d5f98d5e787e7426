// Writes the overlay: a copy of the source tree in which the points are instrumented. The original is only
// read.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "detectors/source/collect.h"

namespace rankle::instrument {

struct OverlayReport {
  size_t files = 0;                  // rewritten
  size_t copied = 0;                 // taken over as they are
  std::vector<std::string> refused;  // points whose edits would overlap
};

// `folder` is made, or an overlay of before is brought up to date: only files that change are written, so
// that builds in it stay incremental. Error: `folder` holds something else, or lies where the tree would copy
// itself.
absl::StatusOr<OverlayReport> WriteOverlay(source::Collection& collection, const std::string& folder);

}  // namespace rankle::instrument
