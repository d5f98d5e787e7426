// What NCCL's RAS subsystem says of a job, as plain values: the status that it gives when asked (NCCL 2.28.7
// on, in JSON), and the events of its monitor (2.29 on). Pure.
//
// A status is a snapshot. Its counts are of operations *launched*, per function, read from each process at
// another moment; sends, receives and exchanges do not count; it has no times but its own, in whole seconds
// of local time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace rankle::import {

struct RasRank {
  int32_t rank = -1;  // in the communicator
  std::string host;   // an address; "" = RAS does not know the process
  int32_t pid = -1;
  int32_t cuda_device = -1;
  // Of those that answered.
  int32_t init_state = 0, async_error = 0;  // ncclResult_t
  bool finalizing = false, aborted = false;
  std::vector<std::pair<std::string, uint64_t>> launched;  // by function, "AllReduce"
  // Of those that did not answer for this communicator.
  bool missing = false, unresponsive = false, dead = false;

  uint64_t Launched() const;  // all functions together
};

struct RasCommunicator {
  std::string id;  // hash and secondary hash: unique
  std::string hash;
  int32_t size = 0;
  std::vector<RasRank> ranks;  // in order of rank
  const RasRank* Find(int32_t rank) const;
};

struct RasSnapshot {
  std::string file, nccl_version, timestamp;
  int64_t time_s = 0;  // of the timestamp; only differences mean something. 0 = not told
  std::vector<RasCommunicator> communicators;
  int32_t timeouts = 0;
  // An answer in text (ras_text.h) lists only communicators and ranks with something wrong.
  bool is_text = false;
  std::vector<std::string> remarks;  // what it says and no field holds
  int32_t devices = 0;               // of the job; 0 = not told
};

struct RasEvent {
  std::string file, timestamp, event, host, details;
  int64_t time_s = 0;
  int32_t pid = -1;
};

struct RasRecords {
  std::vector<RasSnapshot> snapshots;  // in order of the files
  std::vector<RasEvent> events;
  uint64_t unread_lines = 0;  // of answers in text, that were not understood
  uint64_t malformed = 0;
};

bool LooksLikeRasJson(std::string_view first_bytes);
// "2025-12-19 13:06:53", as if it were UTC; 0 = none.
int64_t RasSeconds(std::string_view timestamp);
// True for an error: neither success nor in progress.
bool IsRasError(int32_t result);
// Adds one JSON object of `file`. Error: it is neither a status nor an event.
absl::Status AddRasDocument(std::string_view json, const std::string& file, RasRecords& records);

}  // namespace rankle::import
