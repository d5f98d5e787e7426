// Reads flight records of running, ended or killed processes into plain values. Nothing in the file is
// trusted: offsets, capacities, indices and strings are checked, bad records are counted and left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tracer/record/format.h"

namespace rankle::record {

struct Process {
  int32_t rank = -1, world_size = -1, local_rank = -1, local_world_size = -1;
  RankSource rank_source = RankSource::kUnknown;
  int32_t pid = 0, parent_pid = 0;
  uint64_t job_id = 0;
  uint64_t start_realtime_ns = 0, start_monotonic_ns = 0;
  uint32_t clock_uncertainty_ns = 0;
  std::string host, command;
  bool ended = false;
  int32_t exit_status = 0;
  uint64_t heartbeat_ns = 0;
  uint64_t memory_in_use = 0;
  int64_t step = -1;
  uint16_t version_major = 0, version_minor = 0;
};

struct Communicator {
  uint16_t index = kNoComm;
  uint64_t id = 0, parent_id = 0, handle = 0;
  CommState state = CommState::kFree;
  int32_t rank = -1, nranks = 0, device = -1, color = -1;
  uint64_t init_entered_ns = 0, ready_ns = 0, teardown_entered_ns = 0, gone_ns = 0;
  uint32_t async_error = 0, last_seq = 0, last_p2p_seq = 0;
  std::string name;
};

struct Site {
  uint64_t address = 0, module_offset = 0, caller_address = 0, hits = 0;
  std::string module, symbol;
};

// A record with absolute times; 0 = not known.
struct Event {
  uint64_t ticket = 0;
  Kind kind = Kind::kNone;
  State state = State::kFree;
  uint64_t entered_ns = 0, returned_ns = 0, started_ns = 0, finished_ns = 0;
  uint16_t api = 0, comm = kNoComm;
  uint64_t count = 0;
  uint32_t seq = 0;
  int32_t peer = kNoPeer;
  uint32_t stream = 0;
  uint16_t group = 0, thread = 0;
  uint32_t site = 0;
  uint8_t dtype = 0xff, redop = 0xff, flags = 0;
  uint32_t result = 0;
  std::string text;  // kException: type name; kSample of a named tensor: its name
};

struct Quality {
  uint64_t dropped = 0, overwritten = 0, torn = 0, malformed = 0, comms_dropped = 0, sites_dropped = 0;
  bool truncated = false;  // the file is shorter than its header says
};

struct FlightRecord {
  std::string path;
  Process process;
  std::vector<Communicator> communicators;  // in table order; Event.comm indexes by Communicator.index
  std::vector<Site> sites;                  // Event.site - 1 indexes this table (empty entries kept)
  std::vector<Event> events;                // sorted by (entered_ns, ticket)
  uint64_t observed_ns = 0;                 // when it was looked at, CLOCK_MONOTONIC; 0 = not told
  Quality quality;
};

// What is read besides processes, communicators and records.
struct ReadOptions {
  bool sites = true;  // without them Event.site is 0
  // Of the records only the newest so many and whatever is in flight, 0 = all; the others count as
  // overwritten.
  uint64_t newest = 0;
};

// What the header alone tells about a file: enough to plan the reading of many.
struct Outline {
  int32_t rank = -1;
  uint64_t job_id = 0;
  uint64_t records = 0;  // at most
};

// True when the bytes begin like a flight record of any version.
bool LooksLikeFlightRecord(std::string_view first_bytes);

// Parses a flight record from memory. Errors: not a flight record, unknown major version, header cut short.
absl::StatusOr<FlightRecord> ParseFlightRecord(std::string_view bytes, std::string_view name);

// Maps and parses a file (also one that is being written).
absl::StatusOr<FlightRecord> ReadFlightRecord(const std::string& path);
// The same into a value that is used again, so that its memory is too; after an error its content is
// undefined.
absl::Status ReadFlightRecord(const std::string& path, const ReadOptions& options, FlightRecord& out);

absl::StatusOr<Outline> ReadOutline(const std::string& path);

}  // namespace rankle::record
