#include "analyzer/facts/facts.h"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/localize/describe.h"
#include "analyzer/localize/host_time.h"
#include "analyzer/localize/transfer_cost.h"
#include "injector/api/api.h"

namespace rankle::facts {
namespace {

using localize::GlobalRanks;
using store::Store;
using store::Value;
using Rows = std::vector<std::vector<Value>>;

Value Int(int64_t v) { return v; }
Value Json(const std::vector<std::string>& list) {
  return nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
Value Ranks(const Store& store, const std::vector<int32_t>& ranks) {
  return store::JsonList(GlobalRanks(store, ranks));
}
Value RanksText(const Store& store, const std::vector<int32_t>& ranks) {
  return store::RankList(GlobalRanks(store, ranks));
}
Value Links(const Store& store, const std::vector<std::pair<int32_t, int32_t>>& links) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [source, destination] : links)
    list.push_back({store.GlobalRank(source), store.GlobalRank(destination)});
  return list.dump();
}
Value LinksText(const Store& store, const std::vector<std::pair<int32_t, int32_t>>& links) {
  std::string text;
  for (const auto& [source, destination] : links) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", store.GlobalRank(source), " -> ",
                    store.GlobalRank(destination));
  }
  return text;
}
Value Communicator(const Store& store, int32_t c) {
  return c < 0 ? Value{} : Value{store.communicators[c].name};
}

// The state that all these ranks share, "mixed", or "" for none.
std::string CommonState(const Store& store, const std::vector<int32_t>& ranks) {
  std::set<std::string> states;
  for (int32_t rank : ranks) {
    const store::Process* p = store.ProcessOf(rank);
    states.insert(p == nullptr ? "unknown" : store::ProcessStateName(p->state));
  }
  return states.empty() ? "" : states.size() == 1 ? *states.begin() : "mixed";
}

absl::Status AddJob(const Store& store, store::Database& db) {
  std::set<std::string> hosts;
  int64_t ended = 0, failed = 0, running = 0;
  for (const store::Rank& rank : store.ranks) {
    const store::Process& p = store.processes[rank.process];
    hosts.insert(p.host);
    ended += p.state == store::ProcessState::kEnded;
    failed += p.state == store::ProcessState::kFailed;
    running += p.state == store::ProcessState::kRunning;
  }
  const auto& o = store.operations;
  const int64_t finished =
      std::count_if(o.finished.begin(), o.finished.end(), [](int64_t t) { return t != 0; });
  int64_t last_activity = 0;  // of any rank, in a call or an operation
  for (size_t i = 0; i < o.size(); ++i)
    last_activity = std::max({last_activity, o.entered[i], o.finished[i]});
  for (int64_t t : store.calls.entered) last_activity = std::max(last_activity, t);
  return db.AddTable(
      "job",
      "ranks INTEGER, world_size INTEGER, hosts INTEGER, communicators INTEGER, operations INTEGER, "
      "finished_operations INTEGER, duration_s REAL, ended_ranks INTEGER, failed_ranks INTEGER, "
      "running_ranks INTEGER, missing_ranks TEXT, missing_count INTEGER, missing_text TEXT, dropped INTEGER, "
      "damaged_files INTEGER, stalled_s REAL, last_activity_s REAL, source TEXT, streams_known INTEGER",
      {{Int(store.ranks.size()), Int(store.world_size), Int(hosts.size()), Int(store.communicators.size()),
        Int(o.size()), Int(finished), Store::Seconds(store.observed_until), Int(ended), Int(failed),
        Int(running), store::JsonList(store.quality.missing_ranks), Int(store.quality.missing_ranks.size()),
        store::RankList(store.quality.missing_ranks), Int(static_cast<int64_t>(store.quality.dropped)),
        Int(static_cast<int64_t>(store.quality.cut_files + store.quality.unreadable_files)),
        store.stalled == 0 ? Value{} : Value{Store::Seconds(store.stalled)},
        last_activity == 0 ? Value{} : Value{Store::Seconds(last_activity)}, store.source,
        Int(store.streams_known)}});
}

// Without the end of the observation, the newest record is all that is known of how long a wait lasted.
std::string WaitedText(const Store& store, const localize::Wait& wait) {
  if (store.end_is_observed) return absl::StrFormat("%.1f s", Store::Seconds(wait.waited_ns));
  return wait.waited_ns < 1'000'000'000 ? "an unknown time"
                                        : absl::StrFormat("at least %.1f s", Store::Seconds(wait.waited_ns));
}

absl::Status AddStalls(const Store& store, const Facts& facts, store::Database& db) {
  static constexpr const char* kWaitKinds[] = {"collective", "p2p", "init", "teardown"};
  Rows rows;
  for (const localize::Stall& s : facts.stalls) {
    const localize::Wait& w = s.wait;
    const bool has_operation = w.operation >= 0;
    rows.push_back({std::string(StallKindName(s.kind)),
                    std::string(kWaitKinds[static_cast<int>(w.kind)]),
                    Ranks(store, s.culprits),
                    RanksText(store, s.culprits),
                    Int(s.culprits.size()),
                    CommonState(store, s.culprits),
                    Ranks(store, s.victims),
                    Int(s.victims.size()),
                    Communicator(store, w.communicator),
                    has_operation ? Value{store::OperationName(store.operations.api[w.operation])} : Value{},
                    Int(w.seq),
                    localize::WaitName(store, w),
                    Int(w.waiters.size()),
                    RanksText(store, w.waiters),
                    Ranks(store, w.waiters),
                    Store::Seconds(w.waited_ns),
                    WaitedText(store, w),
                    Int(s.groups),
                    store::RankList(w.missing_holders),
                    RanksText(store, s.suspects),
                    Store::Seconds(w.threshold_ns),
                    Store::Seconds(w.last_arrival),
                    Json(s.evidence),
                    Links(store, s.links),
                    LinksText(store, s.links)});
  }
  return db.AddTable(
      "stalls",
      "kind TEXT, wait_kind TEXT, culprits TEXT, culprits_text TEXT, culprit_count INTEGER, "
      "culprit_state TEXT, victims TEXT, victim_count INTEGER, communicator TEXT, op TEXT, seq INTEGER, "
      "what TEXT, waiter_count INTEGER, waiters_text TEXT, waiters TEXT, waited_s REAL, waited_text TEXT, "
      "group_count INTEGER, missing_text TEXT, suspects_text TEXT, threshold_s REAL, "
      "at_s REAL, "
      "evidence TEXT, links TEXT, links_text TEXT",
      rows);
}

absl::Status AddDisagreements(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const localize::Disagreement& d : facts.disagreements) {
    rows.push_back({std::string(DisagreementKindName(d.kind)), d.field, Communicator(store, d.communicator),
                    store::OperationName(store.operations.api[d.operation]), Int(d.seq),
                    Ranks(store, d.culprits), Ranks(store, d.others), Int(d.decided), d.support,
                    Store::Seconds(d.time), d.what, Json(d.evidence)});
  }
  return db.AddTable(
      "disagreements",
      "kind TEXT, field TEXT, communicator TEXT, op TEXT, seq INTEGER, culprits TEXT, others TEXT, "
      "decided INTEGER, support REAL, at_s REAL, what TEXT, evidence TEXT",
      rows);
}

absl::Status AddFailures(const Store& store, const Facts& facts, store::Database& db) {
  static constexpr const char* kCascades[] = {"local", "ambiguous", "typical"};
  Rows rows;
  for (const localize::Failure& f : facts.failures) {
    const store::Process* p = store.ProcessOf(f.rank);
    rows.push_back({Int(store.GlobalRank(f.rank)), std::string(FailureKindName(f.kind)),
                    std::string(kCascades[static_cast<int>(f.cascade)]), Store::Seconds(f.time), f.what,
                    Int(f.code), Communicator(store, f.communicator), Int(f.first_of_rank), Int(f.root),
                    Int(f.rank_ended), p == nullptr ? Value{} : Value{p->host},
                    p == nullptr ? Value{} : Value{std::string(ProcessStateName(p->state))}});
  }
  return db.AddTable(
      "failures",
      "rank INTEGER, kind TEXT, cascade TEXT, t_s REAL, what TEXT, code INTEGER, communicator TEXT, "
      "first_of_rank INTEGER, root INTEGER, rank_ended INTEGER, host TEXT, process_state TEXT",
      rows);
}

absl::Status AddLateness(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const localize::Lateness& l : facts.lateness) {
    rows.push_back({Int(store.GlobalRank(l.rank)), Int(l.peers), Int(l.by_steps), Int(l.first_iteration),
                    Int(l.last_iteration), Int(l.iterations), Int(l.slow_iterations), l.factor,
                    Store::Seconds(l.own_ns), Store::Seconds(l.normal_ns), Store::Seconds(l.iteration_ns),
                    l.noise, l.chance, l.surprise, Store::Seconds(l.since),
                    l.host_ns < 0 ? Value{} : Value{Store::Seconds(l.host_ns)},
                    l.normal_host_ns < 0 ? Value{} : Value{Store::Seconds(l.normal_host_ns)}});
  }
  return db.AddTable(
      "lateness",
      "rank INTEGER, peers INTEGER, by_steps INTEGER, first_iteration INTEGER, last_iteration INTEGER, "
      "iterations INTEGER, slow_iterations INTEGER, factor REAL, own_s REAL, normal_s REAL, "
      "iteration_s REAL, noise REAL, chance REAL, surprise REAL, since_s REAL, "
      "host_s REAL, normal_host_s REAL",
      rows);
}

absl::Status AddInconsistencies(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const localize::Inconsistency& i : facts.inconsistencies) {
    rows.push_back({std::string(InconsistencyKindName(i.kind)), Communicator(store, i.communicator), i.name,
                    store::OperationName(i.api), Int(i.seq), Ranks(store, i.culprits), Ranks(store, i.others),
                    Int(i.decided), i.support, Int(i.occurrences), Int(i.recovered), Store::Seconds(i.time),
                    i.what, Json(i.evidence)});
  }
  return db.AddTable(
      "inconsistencies",
      "kind TEXT, communicator TEXT, name TEXT, op TEXT, seq INTEGER, culprits TEXT, others TEXT, "
      "decided INTEGER, support REAL, occurrences INTEGER, recovered INTEGER, at_s REAL, what TEXT, "
      "evidence TEXT",
      rows);
}

absl::Status AddPaceChanges(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const localize::PaceChange& c : facts.pace_changes) {
    rows.push_back({Ranks(store, c.ranks), RanksText(store, c.ranks), Int(c.by_steps), Int(c.first_iteration),
                    Int(c.iterations_before), Int(c.iterations_after), Store::Seconds(c.since),
                    Store::Seconds(c.until - c.since), Int(c.lasts), Store::Seconds(c.before_ns),
                    Store::Seconds(c.after_ns), Store::Seconds(c.worst_before_ns),
                    Store::Seconds(c.communication_before_ns), Store::Seconds(c.communication_after_ns),
                    c.superiority, c.work_factor, Int(c.recurs), c.q});
  }
  return db.AddTable(
      "pace_changes",
      "ranks TEXT, ranks_text TEXT, by_steps INTEGER, first_iteration INTEGER, iterations_before INTEGER, "
      "iterations_after INTEGER, since_s REAL, duration_s REAL, lasts INTEGER, before_s REAL, after_s REAL, "
      "worst_before_s REAL, communication_before_s REAL, communication_after_s REAL, superiority REAL, "
      "work_factor REAL, recurs INTEGER, q REAL",
      rows);
}

absl::Status AddMemoryUse(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const localize::MemoryUse& m : facts.memory_use) {
    rows.push_back({Int(store.GlobalRank(m.rank)), Int(m.by_steps), Int(m.iterations),
                    Store::Seconds(m.since), Int(m.first_bytes), Int(m.last_bytes), Int(m.peak_bytes),
                    Int(m.usual_bytes), Int(m.growth_bytes), m.trend.rises, m.trend.given_back,
                    m.trend.late_share, m.trend.p, Int(m.peers), Int(m.peers_usual_bytes),
                    Int(m.peers_growth_bytes)});
  }
  return db.AddTable("memory_use",
                     "rank INTEGER, by_steps INTEGER, iterations INTEGER, since_s REAL, first_bytes INTEGER, "
                     "last_bytes INTEGER, "
                     "peak_bytes INTEGER, usual_bytes INTEGER, growth_bytes INTEGER, rises REAL, given_back "
                     "REAL, late_share REAL, "
                     "p REAL, peers INTEGER, peers_usual_bytes INTEGER, peers_growth_bytes INTEGER",
                     rows);
}

absl::Status AddClocks(const Store& store, const Facts&, store::Database& db) {
  Rows rows;
  for (const store::HostClock& c : store.clocks) {
    rows.push_back({c.host, static_cast<double>(c.offset_ns) * 1e-9, 1e6 * c.drift,
                    static_cast<double>(c.uncertainty_ns) * 1e-3, Int(c.samples)});
  }
  return db.AddTable("clocks",
                     "host TEXT, ahead_s REAL, drift_ppm REAL, uncertainty_us REAL, samples INTEGER", rows);
}

absl::Status AddSlowTransfers(const Store& store, const Facts& facts, store::Database& db) {
  static constexpr const char* kParts[] = {"rank_tx", "rank_rx", "link"};
  const auto rank_or_null = [&](int32_t rank) { return rank < 0 ? Value{} : Int(store.GlobalRank(rank)); };
  Rows rows;
  for (const localize::SlowTransfer& t : facts.slow_transfers) {
    rows.push_back({std::string(kParts[static_cast<int>(t.part)]), rank_or_null(t.source),
                    rank_or_null(t.destination), Int(t.alone), std::string(t.per_mib ? "per_mib" : "step"),
                    Int(t.recent), Int(t.links), Int(static_cast<int64_t>(t.steps)), t.factor,
                    t.measured_ns * 1e-9, t.normal_ns * 1e-9, t.noise, t.q, t.share,
                    t.cost_ns > 0 ? Value{t.cost_ns * 1e-9} : Value{},
                    t.since == 0 ? Value{} : Value{Store::Seconds(t.since)}});
  }
  return db.AddTable(
      "slow_transfers",
      "part TEXT, source INTEGER, destination INTEGER, alone INTEGER, kind TEXT, recent INTEGER, links "
      "INTEGER, steps INTEGER, factor REAL, measured_s REAL, normal_s REAL, noise REAL, q REAL, share REAL, "
      "cost_s REAL, since_s REAL",
      rows);
}

absl::Status AddSlowConnections(const Store&, const Facts& facts, store::Database& db) {
  static constexpr const char* kParts[] = {"rank_tx", "rank_rx", "link"};
  Rows rows;
  const auto rank_or_null = [](int32_t rank) { return rank < 0 ? Value{} : Int(rank); };
  for (const localize::SlowConnection& c : facts.slow_connections) {
    rows.push_back({std::string(kParts[static_cast<int>(c.part)]), rank_or_null(c.source),
                    rank_or_null(c.destination), localize::CauseName(c.cause), c.share, c.normal,
                    Int(c.segments), Int(c.retransmits), c.min_rtt_s, c.normal_min_rtt_s, Int(c.links),
                    c.cost_s});
  }
  return db.AddTable(
      "slow_connections",
      "part TEXT, source INTEGER, destination INTEGER, cause TEXT, share REAL, normal REAL, segments "
      "INTEGER, retransmits INTEGER, min_rtt_s REAL, normal_min_rtt_s REAL, links INTEGER, cost_s REAL",
      rows);
}

absl::Status AddLastArrivals(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const localize::LastArrival& a : facts.last_arrivals) {
    rows.push_back({Int(store.GlobalRank(a.rank)), Int(a.collectives), Int(a.late), Store::Seconds(a.late_ns),
                    Store::Seconds(a.held_ns), Store::Seconds(a.waited_ns), Store::Seconds(a.inside_ns),
                    Store::Seconds(a.shortest_ns), a.surprise, Store::Seconds(a.since)});
  }
  return db.AddTable(
      "last_arrivals",
      "rank INTEGER, collectives INTEGER, late INTEGER, late_s REAL, held_s REAL, waited_s REAL, "
      "inside_s REAL, shortest_s REAL, surprise REAL, since_s REAL",
      rows);
}

absl::Status AddMisuses(const Store& store, const Facts& facts, store::Database& db) {
  Rows rows;
  for (const store::Misuse& m : facts.misuses) {
    const api::ApiInfo* call = api::FindApi(m.api);
    rows.push_back(
        {std::string(localize::MisuseName(m.kind)), m.rank < 0 ? Value{} : Int(store.GlobalRank(m.rank)),
         Int(m.process), m.communicator < 0 ? Value{} : Communicator(store, m.communicator),
         std::string(call == nullptr ? "" : call->name),
         m.seq == 0 ? Value{} : Value{store::OperationName(m.operation)}, m.seq == 0 ? Value{} : Int(m.seq),
         Store::Seconds(m.time), Int(static_cast<int64_t>(m.count)), Int(m.beyond), Int(m.input),
         m.exit_code < 0 ? Value{} : Int(m.exit_code)});
  }
  return db.AddTable("misuses",
                     "kind TEXT, rank INTEGER, process INTEGER, communicator TEXT, api TEXT, op TEXT, seq "
                     "INTEGER, t_s REAL, "
                     "count INTEGER, beyond INTEGER, input INTEGER, exit_code INTEGER",
                     rows);
}

absl::Status AddDoubts(const Store& store, const Facts&, store::Database& db) {
  Rows rows;
  for (const store::Doubt& d : store.doubts)
    rows.push_back({d.what, Json(d.evidence), Store::Seconds(d.time)});
  return db.AddTable("doubts", "what TEXT, evidence TEXT, at_s REAL", rows);
}

}  // namespace

Facts FindFacts(const Store& store, const localize::HangSettings& settings) {
  // Lateness takes about as long as all the rest, and neither needs the other.
  auto lateness = std::async(std::launch::async, [&store] {
    return store.device_times ? localize::FindLateness(store) : std::vector<localize::Lateness>{};
  });
  const localize::Progress progress(store);
  Facts facts;
  facts.waits = localize::FindWaits(store, progress, settings);
  facts.stalls = localize::FindStalls(store, progress, facts.waits);
  if (facts.stalls.empty()) facts.stalls = localize::FindLingeringRanks(store, settings);
  facts.disagreements = localize::FindDisagreements(store, progress);
  if (facts.disagreements.empty())
    facts.disagreements = localize::FindOrderDisagreements(store, progress, facts.stalls);
  facts.failures = localize::FindFailures(store);
  facts.inconsistencies = localize::FindInconsistencies(store);
  facts.misuses = localize::FindMisuses(store);
  const std::vector<localize::IterationSeries> iterations = localize::FindIterations(store);
  if (store.device_times) facts.pace_changes = localize::FindPaceChanges(iterations);
  facts.memory_use = localize::FindMemoryUse(store);
  facts.lateness = lateness.get();
  localize::AddHostTimes(store, facts.lateness);
  facts.slow_transfers = localize::FindSlowTransfers(store);
  localize::AddCosts(iterations, facts.slow_transfers);
  facts.slow_connections = localize::FindSlowConnections(store.kernel_links);
  localize::AddCosts(store, iterations, facts.slow_connections);
  if (!store.device_times && store.durations_known) facts.last_arrivals = localize::FindLastArrivals(store);
  return facts;
}

absl::Status AddFactTables(const Store& store, const Facts& facts, store::Database& database) {
  if (absl::Status status = AddJob(store, database); !status.ok()) return status;
  for (auto* add : {AddStalls, AddDisagreements, AddFailures, AddLateness, AddInconsistencies, AddPaceChanges,
                    AddMemoryUse, AddClocks, AddSlowTransfers, AddSlowConnections, AddLastArrivals, AddDoubts,
                    AddMisuses}) {
    if (absl::Status status = add(store, facts, database); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace rankle::facts
