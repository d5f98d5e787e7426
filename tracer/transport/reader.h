// Reads transport records of running, ended or killed processes into plain values. Nothing in the file is
// trusted: offsets, capacities and indices are checked, damaged entries are counted and left out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tracer/transport/format.h"

namespace rankle::transport {

using Counts = std::array<uint32_t, kBuckets>;

struct TimesOfWindow {
  uint64_t begin_ns = 0, end_ns = 0;  // monotonic
  uint64_t bytes = 0;
  std::array<Counts, kMeasures> times{};
};

struct LinkRecord {
  LinkKey key;
  uint64_t posted = 0, moved = 0, bytes = 0, last_posted_ns = 0, last_moved_ns = 0;
  std::array<Counts, kMeasures> times{};  // since the start
  std::vector<TimesOfWindow> windows;     // in order of time
};

struct OpenStep {
  LinkKey link;
  uint32_t step = 0, bytes = 0, operation = 0;  // OperationRecord::number, 0 = not known
  uint64_t posted_ns = 0, moving_ns = 0, arrived_ns = 0;
};

struct OperationRecord {
  uint32_t number = 0, comm = 0;  // communicator: CommRecord::index
  std::string function;           // NCCL's name: "AllReduce"
  uint64_t count = 0, sequence = 0;
  int32_t peer = -1;
  uint32_t open = 0;  // links that still carry it
  uint64_t begun_ns = 0, first_posted_ns = 0, last_moved_ns = 0, bytes = 0;
  std::array<uint32_t, kSides> posted{}, moved{};
};

struct CommRecord {
  uint32_t index = 0;
  uint64_t hash = 0, init_ns = 0, gone_ns = 0;
  int32_t rank = -1, nranks = 0;
  std::string name;
};

struct TransportRecord {
  std::string path, host;
  int32_t pid = 0, rank = -1;
  uint64_t job_id = 0, start_realtime_ns = 0, start_monotonic_ns = 0;
  std::vector<CommRecord> communicators;
  std::vector<LinkRecord> links;
  std::vector<OpenStep> open_steps;
  std::vector<OperationRecord> operations;  // the last ones, in order; those in flight among them
  uint64_t comms_dropped = 0, links_dropped = 0, steps_dropped = 0, operations_dropped = 0, malformed = 0;
};

bool LooksLikeTransportRecord(std::string_view first_bytes);

// Errors: not a transport record, unknown major version or layout, cut short.
absl::StatusOr<TransportRecord> ParseTransportRecord(std::string_view bytes, std::string_view name);
absl::StatusOr<TransportRecord> ReadTransportRecord(const std::string& path);

}  // namespace rankle::transport
