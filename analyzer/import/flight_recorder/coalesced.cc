#include "analyzer/import/flight_recorder/coalesced.h"

#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace rankle::import {
namespace {

struct Launch {
  int members = 0;
  bool is_closed = false, is_done = false, has_started = false, has_timed_out = false;
  uint16_t number = 0;
};
using Key = std::tuple<int32_t, bool, int64_t>;

Key KeyOf(const DumpEntry& e) { return {e.group, e.p2p, e.p2p ? e.p2p_seq : e.collective_seq}; }
bool HasNumber(const DumpEntry& e) { return (e.p2p ? e.p2p_seq : e.collective_seq) != kAbsent; }

}  // namespace

void ResolveCoalesced(Dump& dump) {
  absl::flat_hash_map<Key, Launch> launches;
  bool any = false;
  for (const DumpEntry& e : dump.entries) {
    if (!HasNumber(e)) continue;
    Launch& launch = launches[KeyOf(e)];
    launch.members += !e.closes_group;
    any = any || e.closes_group || launch.members > 1;
    if (!e.closes_group) continue;
    launch.is_closed = true, launch.is_done = e.is_done, launch.has_started = e.has_started;
    launch.has_timed_out = e.has_timed_out;
  }
  if (!any) return;
  uint16_t number = 0;
  std::vector<DumpEntry> kept;
  for (DumpEntry e : dump.entries) {
    const auto it = HasNumber(e) ? launches.find(KeyOf(e)) : launches.end();
    if (it == launches.end() || (!it->second.is_closed && it->second.members < 2)) {
      kept.push_back(e);
      continue;
    }
    Launch& launch = it->second;
    if (e.closes_group) {
      if (launch.members == 0) kept.push_back(e);
      continue;
    }
    const bool is_first = launch.number == 0;
    if (is_first) launch.number = ++number == 0 ? ++number : number;
    if (!is_first && !e.p2p) continue;
    e.coalesced = launch.number, e.is_open = !launch.is_closed;
    e.is_done = e.is_done || launch.is_done, e.has_started = e.has_started || launch.has_started;
    e.has_timed_out = launch.has_timed_out;
    kept.push_back(e);
  }
  dump.entries = std::move(kept);
}

}  // namespace rankle::import
