#include "analyzer/import/host_clocks.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/synchronizing.h"

namespace rankle::import {
namespace {

using store::HostClock;
using store::kNone;
using store::Store;

// Collectives looked at in each communicator, spread over the run: enough for a line, and few enough for a
// job of thousands of ranks.
constexpr uint32_t kSampledCollectives = 128;
// Slopes of all pairs are quadratic in the differences of two hosts.
constexpr size_t kMostDifferences = 256;
// Crystals are within 200 ppm and clock daemons slew by 500 ppm at most; a steeper line is no drift.
constexpr double kLargestDrift = 1000e-6;
constexpr size_t kFewestForDrift = 8;
// What a clock may drift when the job was too short to measure it.
constexpr double kUsualDrift = 200e-6;
// Two hosts that share nothing: real-time clocks without a common source are off by seconds.
constexpr int64_t kUnrelatedNs = 1'000'000'000;

struct Difference {
  int64_t time = 0;   // on the clock of the first host
  int64_t ahead = 0;  // clock of the second host less that of the first
};
using Differences = std::map<std::pair<int32_t, int32_t>, std::vector<Difference>>;

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  const auto k = static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k), values.end());
  return values[k];
}

// A time of the host on the clock of the reference host.
int64_t Corrected(const HostClock& clock, int64_t t) {
  const auto since = static_cast<double>(t - clock.offset_ns - clock.reference_ns);
  return t - clock.offset_ns - std::llround(since * clock.drift / (1 + clock.drift));
}

class ClockEstimator {
 public:
  explicit ClockEstimator(const Store& store) : store_(store) {
    for (const store::Rank& rank : store.ranks) {
      if (rank.process < 0) {
        host_of_rank_.push_back(kNone);
        continue;
      }
      const std::string& name = store.processes[rank.process].host;
      const auto [it, added] = index_.try_emplace(name, static_cast<int32_t>(clocks_.size()));
      if (added) clocks_.push_back({name, 0, 0, 0, 0, 0});
      host_of_rank_.push_back(it->second);
      last_seen_.resize(clocks_.size());
      last_seen_[it->second] = std::max(last_seen_[it->second], store.processes[rank.process].last_seen);
    }
  }

  std::vector<HostClock> Estimate() {
    if (clocks_.size() < 2) return {};
    CollectFromOperations();
    CollectFromCreations();
    Relate();
    return std::move(clocks_);
  }

 private:
  struct End {
    uint64_t collective = 0;
    int32_t host = 0;
    int64_t time = 0;
    auto key() const { return std::tuple(collective, host, time); }
  };

  void CollectFromOperations() {
    const store::Operations& o = store_.operations;
    std::vector<uint32_t> last(store_.communicators.size());
    for (size_t i = 0; i < o.size(); ++i) {
      if (!o.p2p[i] && o.communicator[i] >= 0)
        last[o.communicator[i]] = std::max(last[o.communicator[i]], o.seq[i]);
    }
    std::vector<End> ends;
    for (size_t i = 0; i < o.size(); ++i) {
      if (o.p2p[i] || o.communicator[i] < 0 || o.finished[i] == 0 || !localize::NeedsEveryMember(o.api[i]) ||
          host_of_rank_[o.rank[i]] == kNone)
        continue;
      const auto c = static_cast<uint64_t>(o.communicator[i]);
      if (o.seq[i] % (last[c] / kSampledCollectives + 1) != 0) continue;
      ends.push_back({c << 32 | o.seq[i], host_of_rank_[o.rank[i]], o.finished[i]});
    }
    AddDifferences(std::move(ends), differences_);
  }

  void CollectFromCreations() {
    std::vector<End> ends;
    for (size_t c = 0; c < store_.communicators.size(); ++c) {
      for (const store::Member& m : store_.communicators[c].members) {
        if (m.rank >= 0 && m.ready != 0 && host_of_rank_[m.rank] != kNone)
          ends.push_back({static_cast<uint64_t>(c), host_of_rank_[m.rank], m.ready});
      }
    }
    Differences created;
    AddDifferences(std::move(ends), created);
    // Communicators of a group are created at different moments; only hosts without anything better use them.
    for (auto& [hosts, differences] : created) differences_.try_emplace(hosts, std::move(differences));
  }

  // The first end on each host counts: a busy host only delays.
  void AddDifferences(std::vector<End> ends, Differences& differences) {
    std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.key() < b.key(); });
    for (size_t i = 0; i < ends.size();) {
      const End& anchor = ends[i];
      size_t k = i;
      while (k < ends.size() && ends[k].collective == anchor.collective) {
        const size_t first = k;
        while (k < ends.size() && ends[k].collective == anchor.collective && ends[k].host == ends[first].host)
          ++k;
        if (k - first > 1) spreads_.push_back(static_cast<double>(ends[k - 1].time - ends[first].time));
        if (ends[first].host == anchor.host) continue;
        differences[{anchor.host, ends[first].host}].push_back({anchor.time, ends[first].time - anchor.time});
      }
      i = k;
    }
  }

  // Breadth first from the reference: the fewer relations in a chain, the more exact.
  void Relate() {
    std::map<int32_t, std::vector<int32_t>> neighbours;
    for (const auto& [hosts, differences] : differences_) {
      neighbours[hosts.first].push_back(hosts.second), neighbours[hosts.second].push_back(hosts.first);
    }
    std::vector<bool> known(clocks_.size());
    known[0] = true;
    std::deque<int32_t> queue{0};
    while (!queue.empty()) {
      const int32_t from = queue.front();
      queue.pop_front();
      for (int32_t to : neighbours[from]) {
        if (known[to]) continue;
        known[to] = true;
        const bool forward = differences_.contains({from, to});
        const auto hosts = forward ? std::pair(from, to) : std::pair(to, from);
        Chain(clocks_[from], Fit(hosts.first, differences_[hosts]), forward ? 1 : -1, clocks_[to]);
        queue.push_back(to);
      }
    }
    for (size_t host = 0; host < clocks_.size(); ++host) {
      if (!known[host]) clocks_[host].uncertainty_ns = kUnrelatedNs;
    }
  }

  HostClock Fit(int32_t first_host, const std::vector<Difference>& all) const {
    std::vector<Difference> some;
    for (size_t i = 0; i < all.size(); i += all.size() / kMostDifferences + 1) some.push_back(all[i]);
    HostClock clock;
    clock.samples = static_cast<int64_t>(all.size());
    clock.reference_ns = some[some.size() / 2].time;
    std::vector<double> slopes, ahead, residuals, flat;
    int64_t begin = some[0].time, end = some[0].time;
    for (size_t i = 0; i < some.size(); ++i) {
      ahead.push_back(static_cast<double>(some[i].ahead));
      begin = std::min(begin, some[i].time), end = std::max(end, some[i].time);
      for (size_t k = i + 1; k < some.size(); ++k) {
        const int64_t apart = some[k].time - some[i].time;
        if (apart != 0)
          slopes.push_back(static_cast<double>(some[k].ahead - some[i].ahead) / static_cast<double>(apart));
      }
    }
    const double slope = Quantile(slopes, 0.5), level = Quantile(ahead, 0.5);
    std::vector<double> levels;
    for (const Difference& d : some)
      levels.push_back(static_cast<double>(d.ahead) -
                       slope * static_cast<double>(d.time - clock.reference_ns));
    const double offset = Quantile(levels, 0.5);
    for (size_t i = 0; i < some.size(); ++i) {
      residuals.push_back(std::abs(levels[i] - offset)), flat.push_back(std::abs(ahead[i] - level));
    }
    // A drift counts when the line fits twice as well as a constant does, and only if clocks can drift so.
    const double around_line = Quantile(residuals, 0.95), around_level = Quantile(flat, 0.95);
    const bool measured = some.size() >= kFewestForDrift;
    const bool drifts = measured && std::abs(slope) <= kLargestDrift && 2 * around_line <= around_level;
    clock.drift = drifts ? slope : 0;
    clock.offset_ns = static_cast<int64_t>(std::llround(drifts ? offset : level));
    // Members on one clock also leave apart from each other: a bias of that size could not be seen.
    const double spread = std::max(drifts ? around_line : around_level, Quantile(spreads_, 0.5));
    // Outside of what was measured the clocks drift apart by what the drift may be wrong.
    const auto span = static_cast<double>(std::max<int64_t>(end - begin, 1));
    const double beyond = static_cast<double>(std::max<int64_t>(0, last_seen_[first_host] - end));
    const double drift_error = measured ? std::min(2 * spread / span, kUsualDrift) : kUsualDrift;
    clock.uncertainty_ns = static_cast<int64_t>(std::llround(spread + beyond * drift_error));
    return clock;
  }

  // `to` differs from `from` by the relation (or, direction -1, the other way round), whose reference time is
  // on the clock of the first host of the two.
  static void Chain(const HostClock& from, const HostClock& relation, int direction, HostClock& to) {
    const int64_t on_from = relation.reference_ns + (direction > 0 ? 0 : relation.offset_ns);
    to.reference_ns = Corrected(from, on_from);
    to.offset_ns = on_from - to.reference_ns + direction * relation.offset_ns;
    to.drift = from.drift + direction * relation.drift;
    to.uncertainty_ns = from.uncertainty_ns + relation.uncertainty_ns;
    to.samples = relation.samples;
  }

  const Store& store_;
  std::map<std::string, int32_t> index_;
  std::vector<int32_t> host_of_rank_;
  std::vector<HostClock> clocks_;
  Differences differences_;
  std::vector<double> spreads_;
  std::vector<int64_t> last_seen_;  // of each host, on its own clock
};

}  // namespace

std::vector<HostClock> EstimateClocks(const Store& store) { return ClockEstimator(store).Estimate(); }

void AlignClocks(const std::vector<HostClock>& clocks, Store& store) {
  absl::flat_hash_map<std::string, const HostClock*> by_name;
  for (const HostClock& clock : clocks) by_name[clock.host] = &clock;
  std::vector<const HostClock*> clock_of(store.processes.size());
  for (size_t i = 0; i < store.processes.size(); ++i) {
    const auto it = by_name.find(store.processes[i].host);
    clock_of[i] = it == by_name.end() ? nullptr : it->second;
  }
  const auto shift = [&](int32_t process, int64_t& t) {
    const HostClock* clock = process < 0 ? nullptr : clock_of[process];
    if (t != 0 && clock != nullptr) t = Corrected(*clock, t);
  };
  const auto process_of = [&](int32_t rank) { return rank < 0 ? kNone : store.ranks[rank].process; };
  auto& o = store.operations;
  for (size_t i = 0; i < o.size(); ++i) {
    for (auto* column : {&o.entered, &o.returned, &o.started, &o.finished})
      shift(process_of(o.rank[i]), (*column)[i]);
  }
  for (size_t i = 0; i < store.calls.size(); ++i) {
    shift(store.calls.process[i], store.calls.entered[i]),
        shift(store.calls.process[i], store.calls.returned[i]);
  }
  for (size_t i = 0; i < store.events.size(); ++i) shift(store.events.process[i], store.events.time[i]);
  for (store::Misuse& m : store.misuses) shift(m.process, m.time);
  for (store::Kernel& k : store.kernels) shift(k.process, k.started), shift(k.process, k.finished);
  for (size_t i = 0; i < store.processes.size(); ++i) {
    store::Process& p = store.processes[i];
    // What is added later (transport records, kernels) is placed by this offset: it must be the corrected
    // one. Drift within a job is left out; it matters where records of hours are matched by microseconds.
    if (const HostClock* clock = clock_of[i]; clock != nullptr && p.started != 0)
      p.clock_offset += Corrected(*clock, p.started) - p.started;
    for (int64_t* t : {&p.started, &p.heartbeat, &p.ended, &p.last_seen, &p.observed})
      shift(static_cast<int32_t>(i), *t);
  }
  for (store::Notice& notice : store.notices) {
    const auto it = by_name.find(notice.host);
    if (it != by_name.end()) notice.time = Corrected(*it->second, notice.time);
  }
  for (store::Communicator& c : store.communicators) {
    for (auto* places : {&c.members, &c.unplaced}) {
      for (store::Member& m : *places) {
        for (int64_t* t : {&m.init_entered, &m.ready, &m.teardown_entered, &m.gone})
          shift(process_of(m.rank), *t);
      }
    }
  }
}

}  // namespace rankle::import
