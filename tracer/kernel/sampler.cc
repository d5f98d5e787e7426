#include "tracer/kernel/sampler.h"

#include <algorithm>
#include <tuple>

namespace rankle::kernel {
namespace {

constexpr uint64_t kHandshakeBytes = 2;  // the kernel counts SYN and FIN on some sides
constexpr size_t kMostRtts = 4096;       // a median of so many is as good as one of all

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

bool IsQuiet(const TcpSocket& socket) { return socket.unacked == 0 && socket.queued_bytes == 0; }

}  // namespace

void LinkSums::Look(double now_s, const std::vector<Seen>& sockets, const std::vector<Seen>& after) {
  // As its sender names it.
  using Name = std::tuple<int, int, uint16_t, uint16_t>;
  std::map<Name, const TcpSocket*> later;
  for (const Seen& seen : after)
    later[{seen.source, seen.destination, seen.socket.source_port, seen.socket.destination_port}] =
        &seen.socket;
  struct Gauges {
    bool in_flight = false, queued = false, under_way = false;
    bool unheard =
        false;  // something in flight whose arrival nobody has seen: under way, or the other end is gone
    double rtt_us = 0;
  };
  std::map<std::pair<int, int>, Gauges> gauges;
  for (const Seen& seen : sockets) {
    Sums& sums = links_[{seen.source, seen.destination}];
    sums.link.source = seen.source, sums.link.destination = seen.destination;
    const TcpSocket& socket = seen.socket;
    sums.connections[{socket.source_port, socket.destination_port}] = socket;
    if (socket.min_rtt_us != 0 && (sums.link.min_rtt_us == 0 || socket.min_rtt_us < sums.link.min_rtt_us))
      sums.link.min_rtt_us = socket.min_rtt_us;
    Gauges& gauge = gauges[{seen.source, seen.destination}];
    gauge.queued |= socket.queued_bytes != 0;
    gauge.in_flight |= socket.unacked != 0;
    const auto self =
        later.find({seen.source, seen.destination, socket.source_port, socket.destination_port});
    const auto peer =
        later.find({seen.destination, seen.source, socket.destination_port, socket.source_port});
    if (peer == later.end()) {
      gauge.unheard |= socket.unacked != 0;
    } else {
      gauge.under_way |= socket.bytes_sent > peer->second->bytes_received + kHandshakeBytes;
      // What the peer got after the first look would hide what it did not get before.
      if (self != later.end() && IsQuiet(socket) && self->second->packets_sent == socket.packets_sent)
        sums.lost[{socket.source_port, socket.destination_port}] =
            socket.packets_sent - std::min(socket.packets_sent, peer->second->packets_received);
    }
    if (socket.unacked != 0) gauge.rtt_us = std::max<double>(gauge.rtt_us, socket.rtt_us);
  }
  for (auto& [link, gauge] : gauges) {
    Sums& sums = links_[link];
    ++sums.link.looks;
    sums.link.under_way += gauge.under_way;
    sums.link.in_flight += gauge.in_flight, sums.link.queued += gauge.queued;
    if (gauge.in_flight && sums.rtts_us.size() < kMostRtts) sums.rtts_us.push_back(gauge.rtt_us);
    uint64_t acked = 0;
    for (const auto& [ports, socket] : sums.connections) acked += socket.bytes_acked;
    const bool stuck = (gauge.unheard || gauge.under_way) && acked == sums.acked_at_last_look;
    if (!stuck) sums.stuck_since_s.reset();
    if (stuck && !sums.stuck_since_s) sums.stuck_since_s = now_s;
    sums.link.stuck_s = sums.stuck_since_s ? now_s - *sums.stuck_since_s : 0;
    sums.acked_at_last_look = acked;
  }
}

std::vector<LinkPressure> LinkSums::Links() const {
  std::vector<LinkPressure> links;
  for (const auto& [key, sums] : links_) {
    LinkPressure link = sums.link;
    link.rtt_us = Median(sums.rtts_us);
    for (const auto& [ports, socket] : sums.connections) {
      link.segments += socket.segments, link.retransmits += socket.retransmits;
      link.bytes_acked += socket.bytes_acked;
    }
    for (const auto& [ports, lost] : sums.lost) link.packets_lost += lost;
    // The other end of the same connections counts what arrives.
    if (const auto back = links_.find({key.second, key.first}); back != links_.end()) {
      for (const auto& [ports, socket] : back->second.connections)
        link.bytes_received += socket.bytes_received;
    }
    links.push_back(link);
  }
  return links;
}

void RankSums::Look(double now_s, int rank, const ProcessCounters& process, const GroupCounters& groups) {
  const bool is_new = !ranks_.contains(rank);
  Sums& sums = ranks_[rank];
  RankPressure& p = sums.pressure;
  if (is_new) sums.first_s = sums.last_s = now_s, sums.first = groups;
  const double since_s = now_s - sums.last_s;
  p.rank = rank;
  p.oom_kills = groups.oom_kills - std::min(groups.oom_kills, sums.first.oom_kills);
  p.throttled_s = std::max(p.throttled_s, groups.throttled_s - sums.first.throttled_s);
  if (!process.alive) return;  // what its control group counts may still grow by its death
  sums.last_s = now_s;
  p.seen_s = now_s - sums.first_s;
  p.cpu_s = process.cpu_s, p.core_wait_s = process.core_wait_s, p.major_faults = process.major_faults;
  if (process.in_disk_wait) p.disk_wait_s += since_s;
  p.frozen = groups.frozen;
  if (groups.frozen) p.frozen_s += since_s;
}

std::vector<RankPressure> RankSums::Ranks() const {
  std::vector<RankPressure> ranks;
  for (const auto& [rank, sums] : ranks_) ranks.push_back(sums.pressure);
  return ranks;
}

}  // namespace rankle::kernel
