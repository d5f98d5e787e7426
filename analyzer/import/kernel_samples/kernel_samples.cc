#include "analyzer/import/kernel_samples/kernel_samples.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

using Json = nlohmann::json;

template <typename Number>
Number Get(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && (it->is_number() || it->is_boolean()) ? it->get<Number>() : Number{};
}

store::KernelRank RankOf(const Json& j) {
  store::KernelRank r;
  r.rank = Get<int32_t>(j, "rank");
  for (auto [key, field] :
       std::initializer_list<std::pair<const char*, double*>>{{"seen_s", &r.seen_s},
                                                              {"cpu_s", &r.cpu_s},
                                                              {"core_wait_s", &r.core_wait_s},
                                                              {"throttled_s", &r.throttled_s},
                                                              {"disk_wait_s", &r.disk_wait_s},
                                                              {"frozen_s", &r.frozen_s}})
    *field = Get<double>(j, key);
  r.frozen = Get<bool>(j, "frozen");
  r.oom_kills = Get<int64_t>(j, "oom_kills"), r.major_faults = Get<int64_t>(j, "major_faults");
  return r;
}

store::KernelLink LinkOf(const Json& j) {
  store::KernelLink l;
  l.source = Get<int32_t>(j, "source"), l.destination = Get<int32_t>(j, "destination");
  for (auto [key, field] :
       std::initializer_list<std::pair<const char*, int64_t*>>{{"looks", &l.looks},
                                                               {"in_flight", &l.in_flight},
                                                               {"under_way", &l.under_way},
                                                               {"queued", &l.queued},
                                                               {"segments", &l.segments},
                                                               {"retransmits", &l.retransmits},
                                                               {"bytes_acked", &l.bytes_acked},
                                                               {"bytes_received", &l.bytes_received},
                                                               {"packets_lost", &l.packets_lost}})
    *field = Get<int64_t>(j, key);
  l.min_rtt_us = Get<double>(j, "min_rtt_us"), l.rtt_us = Get<double>(j, "rtt_us");
  l.stuck_s = Get<double>(j, "stuck_s");
  return l;
}

store::KernelWaits WaitsOf(const Json& j) {
  store::KernelWaits w;
  w.rank = Get<int32_t>(j, "rank");
  w.asleep_s = Get<double>(j, "asleep_s"), w.away_s = Get<double>(j, "away_s");
  w.memory_wait_s = Get<double>(j, "memory_wait_s");
  w.disk_request_s = Get<double>(j, "disk_request_s"), w.disk_longest_s = Get<double>(j, "disk_longest_s");
  w.page_faults = Get<int64_t>(j, "page_faults"), w.disk_requests = Get<int64_t>(j, "disk_requests");
  return w;
}

}  // namespace

bool LooksLikeKernelSamples(const std::string& first_bytes) {
  return first_bytes.find("rankle.kernel/") != std::string::npos;
}

absl::Status AddKernelSamples(const std::string& text, const std::string& name, store::Store& store) {
  const Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || root.value("schema", "") != "rankle.kernel/1")
    return absl::InvalidArgumentError(absl::StrCat(name, ": not a rankle.kernel/1 document, left out"));
  for (const auto& [key, take] :
       std::initializer_list<std::pair<const char*, std::function<void(const Json&)>>>{
           {"ranks", [&](const Json& j) { store.kernel_ranks.push_back(RankOf(j)); }},
           {"links", [&](const Json& j) { store.kernel_links.push_back(LinkOf(j)); }},
           {"waits", [&](const Json& j) { store.kernel_waits.push_back(WaitsOf(j)); }}}) {
    const auto list = root.find(key);
    if (list == root.end() || !list->is_array()) continue;
    for (const Json& item : *list) {
      if (item.is_object()) take(item);
    }
  }
  return absl::OkStatus();
}

}  // namespace rankle::import
