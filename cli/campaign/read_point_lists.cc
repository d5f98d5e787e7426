#include "cli/campaign/point_list.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr char kList[] = "/rankle-points/points.json";

}  // namespace

absl::StatusOr<PointList> ReadPointLists(const std::vector<std::string>& overlays) {
  PointList all;
  for (const std::string& overlay : overlays) {
    const std::string path = overlay + kList;
    const absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) {
      return absl::NotFoundError(
          Cat(StdView(text.status().message()), ": 'overlays' names folders that rankle instrument wrote"));
    }
    absl::StatusOr<PointList> list = ParsePointList(*text, path);
    if (!list.ok()) return list.status();
    all.points.merge(list->points);
    all.functions.merge(list->functions);
  }
  return all;
}

}  // namespace rankle::cli
