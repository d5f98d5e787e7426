// Fault points as people and programs read them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "detectors/source/collect.h"

namespace rankle::points {

// Counts by kind and time per 100,000 lines; with `list` one line a point before them.
std::string Text(const source::Collection& collection, bool list, bool dropped);
// Schema rankle.points/1.
std::string Json(const source::Collection& collection, bool dropped);
// Tables points, functions, units (docs/fault-points.md), dropped points among them. Replaces the file.
absl::Status WriteSqlite(const source::Collection& collection, const std::string& path);

}  // namespace rankle::points
