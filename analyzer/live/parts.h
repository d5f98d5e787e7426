// A running job as it lies in its output directory: one part a node, each with the digest of its watcher or,
// without one, the end of its flight records. Reads files; what it makes of them is plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/import/flight_record/run_json.h"
#include "analyzer/live/digest.h"
#include "analyzer/store/store.h"

namespace rankle::live {

struct Part {
  std::string node, directory;  // node "" = the directory itself, of a job on one node
  Digest digest;                // without one: made from the flight records
  bool has_digest = false;
  double written_s = 0;  // when the digest was written, by the clock of the file system
  std::optional<import::RunInfo> run;
  bool stale = false;  // its watcher has fallen silent and had not said that it ended

  bool HasEnded() const { return run ? run->end_monotonic_ns != 0 : digest.ended; }
};

// The newest `records` of the flight records in one directory; what cannot be read (yet) is left out.
std::vector<record::FlightRecord> ReadNewest(const std::string& directory, uint64_t records);

// The parts that have something to say, in order of their names. Files that cannot be read are in `problems`.
std::vector<Part> ReadParts(const std::string& directory, std::vector<std::string>& problems);

// Digests are compared with the newest of them: one clock, that of the file system, stamps them all.
void MarkStale(std::vector<Part>& parts);

// Of a stale part nothing is taken for seen after its last sign of life. An error when there is no process.
absl::StatusOr<store::Store> BuildStore(const std::vector<Part>& parts);

}  // namespace rankle::live
