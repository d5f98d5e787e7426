#include "detectors/fault_points/output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "analyzer/store/sql.h"
#include "cli/launch/text.h"
#include "detectors/fault_points/point_id.h"

namespace rankle::points {
namespace {

using cli::Cat;

struct Counts {
  int kept = 0, instrumented = 0, dropped = 0;
};

std::array<Counts, kKinds> Count(const Facts& facts) {
  std::array<Counts, kKinds> counts{};
  for (const Point& point : facts.points) {
    Counts& of_kind = counts[static_cast<size_t>(point.kind)];
    if (!point.dropped.empty()) {
      ++of_kind.dropped;
      continue;
    }
    ++of_kind.kept;
    of_kind.instrumented += point.not_instrumented.empty();
  }
  return counts;
}

uint64_t Lines(const Facts& facts) {
  uint64_t lines = 0;
  for (const auto& [file, count] : facts.lines) lines += count;
  return lines;
}

std::string Marks(const Point& point) {
  std::string marks;
  const auto add = [&](bool on, const std::string& mark) {
    if (on) marks += " [" + mark + "]";
  };
  add(point.io, "io " + point.effects.io);
  add(point.retry, "retry");
  add(point.timer, "timer");
  add(!point.family.empty(), point.family);
  add(!point.macro.empty(), "macro " + point.macro);
  add(!point.dropped.empty(), "dropped: " + point.dropped);
  add(point.dropped.empty() && !point.not_instrumented.empty(),
      "not instrumented: " + point.not_instrumented);
  return marks;
}

const char* const kColumns =
    "id TEXT, kind TEXT, what TEXT, family TEXT, function TEXT, function_name TEXT, file TEXT, line INTEGER, "
    "column_number INTEGER, macro TEXT, text TEXT, value TEXT, guard TEXT, guard_outcome INTEGER, outcomes "
    "INTEGER, "
    "trips INTEGER, io INTEGER, io_via TEXT, retry INTEGER, timer INTEGER, dropped TEXT, not_instrumented "
    "TEXT";

std::vector<store::Value> Row(const Point& point) {
  return {point.id,
          std::string(KindName(point.kind)),
          point.what,
          point.family,
          point.function,
          point.function_name,
          point.file,
          int64_t{point.line},
          int64_t{point.column},
          point.macro,
          point.text,
          point.value,
          point.guard,
          int64_t{point.guard_outcome},
          int64_t{point.outcomes},
          point.trips,
          int64_t{point.io},
          point.effects.io,
          int64_t{point.retry},
          int64_t{point.timer},
          point.dropped,
          point.not_instrumented};
}

nlohmann::ordered_json JsonOf(const Point& point) {
  nlohmann::ordered_json json{{"id", point.id},         {"kind", KindName(point.kind)},
                              {"what", point.what},     {"function", point.function_name},
                              {"usr", point.function},  {"function_id", Hex(Fnv(point.function))},
                              {"file", point.file},     {"line", point.line},
                              {"column", point.column}, {"text", point.text}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  add("macro", point.macro);
  add("family", point.family);
  add("value", point.value);
  add("guard", point.guard);
  if (point.guard_outcome >= 0) json["guard_outcome"] = point.guard_outcome == 1;
  if (point.kind == Kind::kBranch) json["outcomes"] = point.outcomes;
  if (point.kind == Kind::kLoop) {
    json["io"] = point.io;
    add("io_via", point.effects.io);
    json["retry"] = point.retry;
    json["timer"] = point.timer;
    if (point.trips >= 0) json["trips"] = point.trips;
  }
  add("dropped", point.dropped);
  add("not_instrumented", point.not_instrumented);
  return json;
}

}  // namespace

std::string Text(const source::Collection& collection, bool list, bool dropped) {
  std::string text;
  const Facts& facts = collection.facts;
  for (const Point& point : facts.points) {
    if (!list || (!dropped && !point.dropped.empty())) continue;
    text += absl::StrFormat("%s:%d:%d: %s %s %s in %s%s\n", point.file, point.line, point.column,
                            KindName(point.kind), point.id, point.what, point.function_name, Marks(point));
  }
  const auto counts = Count(facts);
  text += absl::StrFormat("%-12s %8s %13s %8s\n", "kind", "points", "instrumented", "dropped");
  for (int kind = 0; kind < kKinds; ++kind) {
    text += absl::StrFormat("%-12s %8d %13d %8d\n", KindName(static_cast<Kind>(kind)), counts[kind].kept,
                            counts[kind].instrumented, counts[kind].dropped);
  }
  const auto loops = [&](bool Point::*mark) {
    return std::count_if(facts.points.begin(), facts.points.end(),
                         [&](const Point& point) { return point.dropped.empty() && point.*mark; });
  };
  text += absl::StrFormat("loops: %d with I/O, %d that retry, %d timers\n", loops(&Point::io),
                          loops(&Point::retry), loops(&Point::timer));
  const uint64_t lines = Lines(facts);
  const auto incomplete =
      std::count_if(collection.units.begin(), collection.units.end(),
                    [](const source::UnitReport& unit) { return unit.errors > 0 || !unit.failure.empty(); });
  text += absl::StrFormat(
      "%d units (%d with errors), %d files, %d lines below %s: %.1f s, %.1f s per 100,000 lines\n",
      collection.units.size(), incomplete, facts.lines.size(), lines, collection.root, collection.seconds,
      lines == 0 ? 0.0 : collection.seconds * 100000 / static_cast<double>(lines));
  return text;
}

std::string Json(const source::Collection& collection, bool dropped) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const Point& point : collection.facts.points) {
    if (dropped || point.dropped.empty()) points.push_back(JsonOf(point));
  }
  nlohmann::ordered_json units = nlohmann::ordered_json::array();
  for (const source::UnitReport& unit : collection.units) {
    if (unit.errors == 0 && unit.failure.empty()) continue;
    units.push_back({{"file", unit.file},
                     {"errors", unit.errors},
                     {"first_error", unit.first_error},
                     {"failure", unit.failure}});
  }
  nlohmann::ordered_json counts;
  const auto counted = Count(collection.facts);
  for (int kind = 0; kind < kKinds; ++kind) {
    counts[KindName(static_cast<Kind>(kind))] = {{"kept", counted[kind].kept},
                                                 {"instrumented", counted[kind].instrumented},
                                                 {"dropped", counted[kind].dropped}};
  }
  const nlohmann::ordered_json json{
      {"schema", "rankle.points/1"},           {"root", collection.root},
      {"units", collection.units.size()},      {"lines", Lines(collection.facts)},
      {"seconds", collection.seconds},         {"counts", std::move(counts)},
      {"units_with_errors", std::move(units)}, {"points", std::move(points)}};
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

absl::Status WriteSqlite(const source::Collection& collection, const std::string& path) {
  absl::StatusOr<store::Database> database = store::Database::Open();
  if (!database.ok()) return database.status();
  std::vector<std::vector<store::Value>> points, functions, units;
  for (const Point& point : collection.facts.points) points.push_back(Row(point));
  for (const Function& function : collection.facts.functions)
    functions.push_back({function.usr, function.name, function.file, int64_t{function.line}});
  for (const source::UnitReport& unit : collection.units)
    units.push_back({unit.file, int64_t{unit.errors}, unit.first_error, unit.failure});
  absl::Status status = database->AddTable("points", kColumns, points);
  if (status.ok())
    status = database->AddTable("functions", "usr TEXT, name TEXT, file TEXT, line INTEGER", functions);
  if (status.ok())
    status = database->AddTable("units", "file TEXT, errors INTEGER, first_error TEXT, failure TEXT", units);
  if (!status.ok()) return status;
  return database->SaveTo(path);
}

}  // namespace rankle::points
