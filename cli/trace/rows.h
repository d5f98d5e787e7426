// Flight records as rows: one record each, over all processes, in order of time. The columns are one table,
// so that text, JSON and CSV say the same.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tracer/record/reader.h"

namespace rankle::cli {

// The flight records of a run, or of several.
struct Trace {
  std::vector<record::FlightRecord> records;
  std::vector<std::string> problems;  // files that could not be read, one line each
};

// `path` is an output directory or one flight record. Error when nothing readable is there.
absl::StatusOr<Trace> ReadTrace(const std::string& path);

// Refers into a Trace.
struct Row {
  const record::FlightRecord* record = nullptr;
  const record::Event* event = nullptr;
};

// Sorted by the time of entry (real time, so that hosts compare). Injections (ground truth) only when asked
// for.
std::vector<Row> Rows(const Trace& trace, bool with_injections);

struct Column {
  const char* name;
  nlohmann::ordered_json (*value)(const Row&);  // null when the row has no such thing
};
std::span<const Column> Columns();

std::string RowText(const Row& row, uint64_t first_ns);  // one line for people
std::string RowJson(const Row& row);                     // one JSON object
std::string RowCsv(const Row& row);
std::string CsvHeader();

// Nanoseconds since the epoch.
uint64_t RealtimeOf(const Row& row);

}  // namespace rankle::cli
