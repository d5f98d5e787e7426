// What `rankle instrument` said of the points of a program: OVERLAY/rankle-points/points.json, as far as
// campaigns need it. Records of instrumented programs hold ids only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/stitch/observation.h"

namespace rankle::cli {

struct PointList {
  std::map<uint64_t, stitch::SiteInfo> points;  // by id; those that are instrumented
  std::map<uint64_t, std::string> functions;    // by what records call them
};

// `name` is what errors call the text. Pure.
absl::StatusOr<PointList> ParsePointList(std::string_view text, const std::string& name);

// Of several overlays together (read_point_lists.cc).
absl::StatusOr<PointList> ReadPointLists(const std::vector<std::string>& overlays);

}  // namespace rankle::cli
