#include "tracer/kernel/kernel_record.h"

#include <nlohmann/json.hpp>

namespace rankle::kernel {

std::string KernelRecordJson(const KernelRecord& record) {
  using Json = nlohmann::ordered_json;
  Json ranks = Json::array(), links = Json::array();
  for (const RankPressure& r : record.ranks) {
    ranks.push_back({{"rank", r.rank},
                     {"seen_s", r.seen_s},
                     {"cpu_s", r.cpu_s},
                     {"core_wait_s", r.core_wait_s},
                     {"throttled_s", r.throttled_s},
                     {"disk_wait_s", r.disk_wait_s},
                     {"frozen_s", r.frozen_s},
                     {"frozen", r.frozen},
                     {"oom_kills", r.oom_kills},
                     {"major_faults", r.major_faults}});
  }
  for (const LinkPressure& l : record.links) {
    links.push_back({{"source", l.source},
                     {"destination", l.destination},
                     {"looks", l.looks},
                     {"in_flight", l.in_flight},
                     {"under_way", l.under_way},
                     {"queued", l.queued},
                     {"min_rtt_us", l.min_rtt_us},
                     {"rtt_us", l.rtt_us},
                     {"segments", l.segments},
                     {"retransmits", l.retransmits},
                     {"bytes_acked", l.bytes_acked},
                     {"bytes_received", l.bytes_received},
                     {"packets_lost", l.packets_lost},
                     {"stuck_s", l.stuck_s}});
  }
  Json waits = Json::array();
  for (const RankWaits& w : record.waits) {
    waits.push_back({{"rank", w.rank},
                     {"asleep_s", w.asleep_s},
                     {"away_s", w.away_s},
                     {"memory_wait_s", w.memory_wait_s},
                     {"page_faults", w.page_faults},
                     {"disk_requests", w.disk_requests},
                     {"disk_request_s", w.disk_request_s},
                     {"disk_longest_s", w.disk_longest_s}});
  }
  const Json json{{"schema", "rankle.kernel/1"},
                  {"seen_s", record.seen_s},
                  {"ranks", std::move(ranks)},
                  {"links", std::move(links)},
                  {"waits", std::move(waits)}};
  return json.dump() + "\n";
}

}  // namespace rankle::kernel
