// What `rankle instrument` said of the points of a program: OVERLAY/rankle-points/points.json, as far as
// campaigns need it. Records of instrumented programs hold ids only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "analyzer/stitch/observation.h"

namespace rankle::cli {

struct PointList {
  std::map<uint64_t, stitch::SiteInfo> points;  // by id; those that are instrumented
  std::map<uint64_t, std::string> functions;    // by what records call them
};

// `name` is what errors call the text. Pure.
absl::StatusOr<PointList> ParsePointList(std::string_view text, const std::string& name);

// Of several overlays together.
absl::StatusOr<PointList> ReadPointLists(const std::vector<std::string>& overlays);

// Is this site a point in the source (and no call site)? Their names begin with what they are: "loop for from
// Receive() (link.cc:41)"; no function's name has a blank before its place.
bool IsPoint(const stitch::SiteInfo& site);

}  // namespace rankle::cli
