// digest.json: what the watcher of one node knows of its processes, small enough to be written every second
// into a shared directory (docs/live.md). For each local process it holds what its flight record says of
// itself, its communicators with how far it came in each, and of its records the newest and all that are in
// flight: a flight record cut short at its old end, so that the same localizers and rules read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tracer/record/reader.h"

namespace rankle::live {

inline constexpr char kDigestFile[] = "digest.json";
// A dozen steps of a dozen operations and calls: enough for usual intervals, own times and clocks; about 27
// KiB a process.
inline constexpr uint64_t kDigestRecords = 256;
// The watchers' interval is at most a second while they live; five missed ones are no hiccup of a machine or
// of a shared file system.
inline constexpr double kStaleAfterS = 5;

// What the node's watcher thinks of the pace (localize/slowdown.h); times are CLOCK_MONOTONIC of the host.
struct Pace {
  int64_t usual_ns = 0;  // of an iteration; 0 = not known
  bool slower = false;
  std::string text;  // what was said, while `slower`
};

struct Digest {
  uint64_t sequence = 0;  // counts up with every writing
  std::string node, host;
  uint64_t realtime_ns = 0, monotonic_ns = 0;  // of the writing
  bool ended = false;                          // the last one: the node's part of the job is over
  Pace pace;
  std::vector<record::FlightRecord> processes;  // observed_ns = monotonic_ns
};

// When the oldest unfinished operation or call of a process was entered, CLOCK_MONOTONIC; 0 = none.
uint64_t OldestInFlightNs(const record::FlightRecord& process);

std::string DigestJson(const Digest& digest);
absl::StatusOr<Digest> ParseDigest(std::string_view json, std::string_view name);

}  // namespace rankle::live
