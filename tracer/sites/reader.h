// Reads site records of running, ended or killed processes into plain values. Nothing in the file is trusted:
// offsets, capacities and references are checked, damaged slots are counted and left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "tracer/sites/format.h"

namespace rankle::sites {

struct LoadedModule {
  std::string path, build_id;  // build_id: its bytes, empty = none
  uint64_t base = 0;
};

struct CountedOutcome {
  Outcome outcome;
  uint64_t count = 0;
};

struct Site {
  uint64_t id = 0;  // the same in every run
  uint16_t api = 0;
  bool has_caller = false;
  uint32_t module = kNoSlot, caller_module = kNoSlot;  // keys of SiteRecord::modules
  uint64_t offset = 0, caller_offset = 0;              // return addresses
  uint64_t hits = 0, injected = 0, bytes = 0;
  uint64_t first_ns = 0, last_ns = 0, time_ns = 0, longest_ns = 0;
  std::vector<CountedOutcome> outcomes;  // in the order in which they were first seen
  uint64_t other_outcomes = 0;
  // Calls that had not returned when the record was read.
  uint64_t Unreturned() const;
};

struct FiredFault {
  uint64_t at_ns = 0, site = 0, call = 0, value = 0;
  uint16_t api = 0, fault = 0;
  uint8_t action = 0;
};

struct SiteRecord {
  std::string path, host, command;
  int32_t pid = 0, rank = -1;
  uint64_t job_id = 0, start_realtime_ns = 0, start_monotonic_ns = 0;
  absl::btree_map<uint32_t, LoadedModule> modules;  // by slot
  absl::btree_map<uint32_t, std::string> names;     // by slot: types of exceptions, mangled
  std::vector<FiredFault> injections;               // the first ones, in the order in which they fired
  std::vector<Site> sites;                          // ordered by function, then id
  uint64_t injected = 0;                            // fired, ever
  uint64_t lost = 0, malformed = 0;
};

bool LooksLikeSiteRecord(std::string_view first_bytes);

// Errors: not a site record, unknown major version or layout, cut short.
absl::StatusOr<SiteRecord> ParseSiteRecord(std::string_view bytes, std::string_view name);
absl::StatusOr<SiteRecord> ReadSiteRecord(const std::string& path);

// "a1b2c3d4e5f6", as fault plans take it.
std::string SiteIdText(uint64_t id);

}  // namespace rankle::sites
