// Observations as JSON lines: a line for the schema, then one for each name and each run, in any order.
//   {"schema": "rankle.observations/1"}
//   {"site": "00000000000000a1", "kind": "loop", "name": "retry loop", "timer": true, "guards": ["..."]}
//   {"call_site": "00000000000000c1", "name": "Agent::Join < main"}
//   {"signature": "00000000000000f1", "text": "connect: ECONNREFUSED", "outcomes": ["..."]}
//   {"run": "r7", "workload": "ckpt", "fault": {"site": "...", "kind": "error", "parameter": 111, "context":
//    "...", "role": "root"}, "fired": 1, "end": "ok", "units": 20, "rows": [{"role": "worker", "site": "...",
//    "call_site": "...", "hits": 12, "signatures": ["..."], "parent": "...", "per_parent": [[1, 10], [2,
//    1]]}]}
// Site, call site, signature and outcome are 16 hexadecimal digits, since many JSON tools round integers
// above 2^53. Members that are 0, empty or none may be left out; unknown ones are errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

// A line within its bounds takes about ten times its bytes of memory while it is read.
struct ReadLimits {
  size_t line_bytes = size_t{64} << 20;  // a run of 100,000 rows with a dozen signatures each is 30 MiB
  size_t runs = 1'000'000;               // a campaign of 1,000 runs an hour for a month
  size_t rows_a_run = 1'000'000;
  size_t values_a_row = 65'536;  // signatures, and bins of per_parent
};

// `name` is what errors call the text: "FILE:12: ...". Rows come out normalized; a run id given twice, and
// two different texts for one number, are errors.
absl::StatusOr<Observations> ReadObservations(std::string_view text, std::string_view name,
                                              const ReadLimits& limits = {});

std::string WriteObservations(const Observations& observations);
// One line each, without the schema line: for writers that append.
std::string WriteRun(const RunObservation& run);
std::string WriteNames(const Names& names);
extern const char kObservationsSchemaLine[];  // with its newline

}  // namespace rankle::stitch
