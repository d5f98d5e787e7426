#include "analyzer/import/ras/ras_report.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>

#include "absl/strings/str_cat.h"
#include "analyzer/import/dom_fields.h"
#include "analyzer/import/rank_numbers.h"

namespace rankle::import {
namespace {

using dom::element;

constexpr int32_t kSuccess = 0, kInProgress = 7;  // ncclResult_t
constexpr int32_t kMostInt = std::numeric_limits<int32_t>::max();
// A communicator that launched a thousand operations a second for a century has not come this far.
constexpr int64_t kMostLaunched = int64_t{1} << 42;

std::string HostOf(const element& object) {
  const std::string_view host = dom::Text(object, "host");
  return host == "unknown" ? "" : std::string(host);
}

RasRank ReadRank(const element& object, bool missing) {
  RasRank r;
  r.rank = dom::Within(object, "rank", kMostRanks, -1);
  r.host = HostOf(object), r.pid = dom::Within(object, "pid", kMostInt, -1);
  r.cuda_device = dom::Within(object, "cuda_dev", kMostInt, -1);
  r.missing = missing;
  element part;
  if (object["status"].get(part) == simdjson::SUCCESS) {
    r.init_state = dom::Within(part, "init_state", 255, kSuccess);
    r.async_error = dom::Within(part, "async_error", 255, kSuccess);
    r.finalizing = dom::Flag(part, "finalize_called") || dom::Flag(part, "destroy_flag");
    r.aborted = dom::Flag(part, "abort_flag");
    r.unresponsive = dom::Flag(part, "unresponsive"), r.dead = dom::Flag(part, "considered_dead");
  }
  simdjson::dom::object counts;
  if (object["collective_counts"].get(counts) == simdjson::SUCCESS) {
    for (const auto& [function, value] : counts) {
      int64_t launched = 0;
      if (value.get(launched) == simdjson::SUCCESS && launched >= 0 && launched < kMostLaunched)
        r.launched.emplace_back(function, launched);
    }
    std::sort(r.launched.begin(), r.launched.end());
  }
  return r;
}

// A communicator; false when it cannot be one.
bool ReadCommunicator(const element& object, int64_t& places, RasCommunicator& c) {
  c.hash = std::string(dom::Text(object, "hash"));
  c.id = absl::StrCat(c.hash, "/", std::string(dom::Text(object, "secondary_hash")));
  c.size = dom::Within(object, "size", kMostRanks, 0);
  for (const bool missing : {false, true}) {
    simdjson::dom::array list;
    if (object[missing ? "missing_ranks" : "ranks"].get(list) != simdjson::SUCCESS) continue;
    for (const element& entry : list) c.ranks.push_back(ReadRank(entry, missing));
  }
  std::stable_sort(c.ranks.begin(), c.ranks.end(),
                   [](const RasRank& a, const RasRank& b) { return a.rank < b.rank; });
  const auto twice = std::adjacent_find(c.ranks.begin(), c.ranks.end(),
                                        [](const RasRank& a, const RasRank& b) { return a.rank == b.rank; });
  const bool usable = c.size > 0 && twice == c.ranks.end() && !c.ranks.empty() && c.ranks.front().rank >= 0 &&
                      c.ranks.back().rank < c.size && (places += c.size) <= kMostPlaces;
  return usable;
}

}  // namespace

uint64_t RasRank::Launched() const {
  uint64_t sum = 0;
  for (const auto& [function, count] : launched) sum += count;
  return sum;
}

const RasRank* RasCommunicator::Find(int32_t rank) const {
  const auto it = std::lower_bound(ranks.begin(), ranks.end(), rank,
                                   [](const RasRank& r, int32_t wanted) { return r.rank < wanted; });
  return it != ranks.end() && it->rank == rank ? &*it : nullptr;
}

bool LooksLikeRasJson(std::string_view first_bytes) {
  const auto has = [&](std::string_view text) { return first_bytes.find(text) != std::string_view::npos; };
  const bool status = has("\"communicators_count\"") && has("\"cuda_driver_version\"");
  const bool event = has("\"event\"") && (has("\"LIFECYCLE\"") || has("\"TRACE\"")) && has("\"details\"");
  return status || event;
}

int64_t RasSeconds(std::string_view timestamp) {
  std::tm t{};
  const std::string text(timestamp);
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d %2d:%2d:%2d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
                  &t.tm_min, &t.tm_sec) != 6 ||
      t.tm_year < 2020)
    return 0;
  t.tm_year -= 1900, t.tm_mon -= 1;
  return timegm(&t);
}

bool IsRasError(int32_t result) { return result != kSuccess && result != kInProgress; }

absl::Status AddRasDocument(std::string_view json, const std::string& file, RasRecords& records) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    return absl::InvalidArgumentError(absl::StrCat(file, ": not valid JSON, left out"));
  const std::string timestamp(dom::Text(root, "timestamp"));
  if (const std::string_view event = dom::Text(root, "event"); !event.empty()) {
    RasEvent& e = records.events.emplace_back();
    e.file = file, e.timestamp = timestamp, e.time_s = RasSeconds(timestamp), e.event = std::string(event);
    e.details = std::string(dom::Text(root, "details"));
    element peer;
    if (root["peer"].get(peer) == simdjson::SUCCESS) {
      e.host = HostOf(peer), e.pid = dom::Within(peer, "pid", kMostInt, -1);
      if (e.host.empty()) e.host = std::string(dom::Text(peer, "addr"));
    }
    return absl::OkStatus();
  }
  simdjson::dom::array communicators;
  if (root["communicators"].get(communicators) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": an object that is neither a status nor an event of RAS, left out"));
  }
  RasSnapshot& s = records.snapshots.emplace_back();
  s.file = file, s.timestamp = timestamp, s.time_s = RasSeconds(timestamp);
  s.nccl_version = std::string(dom::Text(root, "nccl_version"));
  element ras;
  if (root["ras"].get(ras) == simdjson::SUCCESS) s.timeouts = dom::Within(ras, "timeouts_count", kMostInt, 0);
  int64_t places = 0;
  for (const element& entry : communicators) {
    RasCommunicator c;
    ReadCommunicator(entry, places, c) ? s.communicators.push_back(std::move(c)) : void(++records.malformed);
  }
  return absl::OkStatus();
}

}  // namespace rankle::import
