#include "cli/campaign/point_list.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using nlohmann::json;

constexpr char kSchema[] = "rankle.points/1";

struct KindOfPoint {
  const char* name;
  stitch::SiteKind kind;
};
constexpr KindOfPoint kKinds[] = {{"throw", stitch::SiteKind::kThrow},
                                  {"error_call", stitch::SiteKind::kCall},
                                  {"loop", stitch::SiteKind::kLoop},
                                  {"detector", stitch::SiteKind::kDetector},
                                  {"branch", stitch::SiteKind::kBranch}};

uint64_t IdOf(const json& text) {
  uint64_t id = 0;
  if (!absl::SimpleHexAtoi(text.get<std::string>(), &id) || id == 0)
    throw std::runtime_error("an id is not a number of 16 hexadecimal digits");
  return id;
}

void AddPoint(const json& point, PointList& list) {
  const std::string kind = point.at("kind"), function = point.at("function");
  list.functions[IdOf(point.at("function_id"))] = function;
  if (point.contains("dropped") || point.contains("not_instrumented")) return;
  for (const KindOfPoint& known : kKinds) {
    if (kind != known.name) continue;
    const std::string file = std::filesystem::path(point.at("file").get<std::string>()).filename().string();
    const std::string place = absl::StrFormat("%s (%s:%d)", function, file, point.at("line").get<int>());
    list.points[IdOf(point.at("id"))] = {
        .name = CallName(Cat(kind, " ", point.at("what").get<std::string>()), place),
        .kind = known.kind,
        .timer = point.value("timer", false),
        .guards = {}};
  }
}

}  // namespace

absl::StatusOr<PointList> ParsePointList(std::string_view text, const std::string& name) {
  PointList list;
  try {
    const json document = json::parse(text);
    if (document.at("schema") != kSchema) throw std::runtime_error("it is of another version");
    for (const json& point : document.at("points")) AddPoint(point, list);
  } catch (const std::exception& error) {
    return absl::DataLossError(
        Cat(name, ": ", error.what(), ": make the overlay again by rankle instrument"));
  }
  return list;
}

}  // namespace rankle::cli
