// One Flight Recorder dump: what one process of a PyTorch job recorded of its process groups, as plain
// columns. Formats 2.2 to 2.10, pickle or JSON, and what lies between: any key may be missing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "analyzer/import/flight_recorder/json_tree.h"
#include "analyzer/import/flight_recorder/tree.h"

namespace rankle::import {

inline constexpr int64_t kAbsent = -1;

struct DumpGroup {  // of pg_config
  std::string name, description;
  std::vector<int32_t> ranks;  // global, in the order of the group; empty = not told
  int32_t least_size = 0;      // members that it has at least; those beyond `ranks` are known to nobody
};

struct DumpStatus {  // of pg_status: how far the process came; kAbsent = nothing yet, or not told
  int64_t group_id = kAbsent, enqueued = kAbsent, started = kAbsent, completed = kAbsent;
};

struct DumpEntry {
  int64_t created = 0, started = 0, completed = 0;  // ns since 1970 on the clock of the host; 0 = not told
  int64_t record = kAbsent, group_id = kAbsent, collective_seq = kAbsent, p2p_seq = kAbsent;
  uint64_t count = 0;            // elements of all inputs
  int32_t group = -1;            // index into Dump::named
  int32_t place = -1;            // index into Dump::places: where in the program it was issued
  int32_t self = -1, peer = -1;  // of sends and receives: ranks in the group
  uint16_t api = 0;
  uint16_t coalesced = 0;  // launched together with the entries of this number; 0 = alone
  uint8_t dtype = 0xff;
  bool p2p = false, closes_group = false, sizes_agree = false, has_types = false;
  bool has_started = false, is_done = false, has_timed_out = false;
  bool is_open = false;  // of a coalesced group that was not launched
};

struct Dump {
  std::string file, version, library;
  int32_t told_rank = -1;            // where the dump says it itself
  std::vector<DumpGroup> groups;     // pg_config
  std::vector<DumpStatus> statuses;  // pg_status, by group_id
  std::vector<DumpEntry> entries;    // oldest first; coalesced groups are resolved (coalesced.h)
  std::vector<DumpGroup> named;      // the groups that entries name; without ranks
  std::vector<std::string> places;
  std::vector<std::string> unknown_operations;
  int64_t timeout_ms = 0;  // the longest after which a watchdog of the process loses patience; 0 = not told
  uint64_t malformed = 0;  // entries that are no entries
  bool has_status = false;
};

// Is this a dump, to judge by its first (gunzipped) bytes?
bool LooksLikeDump(absl::string_view first_bytes);

// Reads dump after dump; keeps its memory between them. Not thread safe.
class DumpReader {
 public:
  // `bytes`: gunzipped. Overwrites `dump`. Error: neither pickle nor JSON, hostile, or no dump.
  absl::Status Read(absl::string_view bytes, const std::string& file, Dump& dump);

 private:
  Tree tree_;
  JsonTreeParser json_;
};

}  // namespace rankle::import
