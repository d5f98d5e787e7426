// Fault points: the call sites of all site records of a run, those of several processes put together, with
// what the calls came to.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/inspect/symbols.h"
#include "tracer/sites/reader.h"

namespace rankle::cli {

// What calls came to, by name ("ok", "ECONNREFUSED", "short"), and how often.
using Outcomes = std::map<std::string, uint64_t>;

// The calls of one process.
struct SiteCalls {
  std::string host;
  int32_t pid = 0, rank = -1;
  uint64_t hits = 0, injected = 0, unreturned = 0, bytes = 0;
  double first_s = 0, last_s = 0;  // since the earliest start of a process on record
  double time_s = 0, longest_s = 0;
  Outcomes outcomes;
};

struct CodeAddress {
  std::string module;  // "" = none: made at run time
  std::string build_id;
  uint64_t offset = 0;
  SourcePlace source;
};

struct FaultPoint {
  uint64_t id = 0;
  uint16_t api = 0;
  CodeAddress place;
  bool has_caller = false;
  CodeAddress caller;
  std::vector<SiteCalls> processes;  // in the order of their records
  // Over all processes.
  template <typename Value>
  Value Sum(Value SiteCalls::*field) const {
    Value sum = 0;
    for (const SiteCalls& calls : processes) sum += calls.*field;
    return sum;
  }
  uint64_t Hits() const;
  uint64_t Injected() const;
  Outcomes AllOutcomes() const;
  std::set<int32_t> Ranks() const;  // of processes that have one
};

struct SiteRun {
  std::vector<sites::SiteRecord> records;  // ordered by start, then pid
  std::vector<std::string> problems;       // files that could not be read, and what was lost; one line each
};

// `path`: an output directory (with those of its nodes), or one site record. Error when nothing readable is
// there.
absl::StatusOr<SiteRun> ReadSites(const std::string& path);

// Ordered by function, then id.
std::vector<FaultPoint> FaultPoints(const std::vector<sites::SiteRecord>& records, Symbols& symbols);

std::string OutcomeName(const sites::SiteRecord& record, uint16_t api, sites::Outcome outcome);

// GROUND TRUTH: which faults of the plan fired in the process; one JSON object a line. Those of NCCL and CUDA
// calls stand in its flight record (rankle trace cat --injections).
std::string InjectionsJson(const sites::SiteRecord& record);

// sites_print.cc
std::string FaultPointText(const FaultPoint& point);  // two lines or three, for people
std::string FaultPointJson(const FaultPoint& point);  // one JSON object on a line

}  // namespace rankle::cli
