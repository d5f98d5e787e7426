// The store's columns as SQL tables (docs/schema.md). Times are seconds on the job's axis, NULL = not known;
// ranks are global ranks; names instead of numbers where people write them in rules.
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "analyzer/store/sql.h"
#include "analyzer/store/store.h"
#include "injector/api/api.h"
#include "tracer/transport/histogram.h"

namespace rankle::store {
namespace {

Value Time(int64_t ns) { return ns == 0 ? Value{} : Value{Store::Seconds(ns)}; }
Value Int(int64_t v) { return v; }
Value IntOrNull(int64_t v) { return v < 0 ? Value{} : Value{v}; }
Value Text(std::string_view text) { return std::string(text); }

const char* StateName(OpState state) {
  static constexpr const char* kNames[] = {"",       "",          "entered", "enqueued", "done",
                                           "failed", "untracked", "aborted", "issued"};
  return kNames[static_cast<int>(state)];
}
const char* EventName(EventKind kind) {
  static constexpr const char* kNames[] = {"mark",   "lifecycle",   "exception",
                                           "memory", "async_error", "report"};
  return kNames[static_cast<int>(kind)];
}
const char* CommStateName(CommState state) {
  static constexpr const char* kNames[] = {"unknown",   "initialising", "ready", "finalizing",
                                           "destroyed", "aborted",      "failed"};
  return kNames[static_cast<int>(state)];
}

absl::Status AddProcesses(const Store& s, Database& db) {
  const auto& p = s.processes;
  absl::Status status = db.AddVirtualTable(
      "processes", p.size(),
      {{"process INTEGER", [](size_t i) { return Int(static_cast<int64_t>(i)); }},
       {"pid INTEGER", [&p](size_t i) { return Int(p[i].pid); }},
       {"rank INTEGER", [&p](size_t i) { return IntOrNull(p[i].rank); }},
       {"host TEXT", [&p](size_t i) { return Text(p[i].host); }},
       {"command TEXT", [&p](size_t i) { return Text(p[i].command); }},
       {"source TEXT", [&p](size_t i) { return Text(p[i].source); }},
       {"state TEXT", [&p](size_t i) { return Text(ProcessStateName(p[i].state)); }},
       {"started_s REAL", [&p](size_t i) { return Time(p[i].started); }},
       {"last_seen_s REAL", [&p](size_t i) { return Time(p[i].last_seen); }},
       {"ended_s REAL", [&p](size_t i) { return Time(p[i].ended); }},
       {"exit_code INTEGER", [&p](size_t i) { return p[i].has_exit_code ? Int(p[i].exit_code) : Value{}; }},
       {"signal INTEGER", [&p](size_t i) { return p[i].signal ? Int(p[i].signal) : Value{}; }},
       {"launched INTEGER", [&p](size_t i) { return Int(p[i].launched); }},
       {"ended_by_launcher INTEGER", [&p](size_t i) { return Int(p[i].ended_by_launcher); }},
       {"step INTEGER", [&p](size_t i) { return IntOrNull(p[i].step); }},
       {"dropped INTEGER", [&p](size_t i) { return Int(static_cast<int64_t>(p[i].dropped)); }},
       {"overwritten INTEGER", [&p](size_t i) { return Int(static_cast<int64_t>(p[i].overwritten)); }}});
  if (!status.ok()) return status;
  return db.AddVirtualTable("ranks", s.ranks.size(),
                            {{"rank INTEGER", [&s](size_t i) { return Int(s.ranks[i].global); }},
                             {"process INTEGER", [&s](size_t i) { return IntOrNull(s.ranks[i].process); }}});
}

absl::Status AddMembers(const Store& s, Database& db) {
  struct Place {
    const Communicator* communicator;
    size_t comm_rank;
    const Member& member() const { return communicator->members[comm_rank]; }
  };
  auto places = std::make_shared<std::vector<Place>>();
  for (const Communicator& c : s.communicators) {
    for (size_t i = 0; i < c.members.size(); ++i) places->push_back({&c, i});
  }
  const size_t rows = places->size();
  const auto column = [&places](std::string declaration, auto read) {
    return VirtualColumn{std::move(declaration),
                         [places, read](size_t i) { return read((*places)[i].member()); }};
  };
  return db.AddVirtualTable(
      "members", rows,
      {{"communicator TEXT", [places](size_t i) { return Text((*places)[i].communicator->name); }},
       {"comm_rank INTEGER",
        [places](size_t i) { return Int(static_cast<int64_t>((*places)[i].comm_rank)); }},
       column("rank INTEGER", [&s](const Member& m) { return IntOrNull(s.GlobalRank(m.rank)); }),
       column("state TEXT", [](const Member& m) { return Text(CommStateName(m.state)); }),
       column("init_entered_s REAL", [](const Member& m) { return Time(m.init_entered); }),
       column("ready_s REAL", [](const Member& m) { return Time(m.ready); }),
       column("teardown_entered_s REAL", [](const Member& m) { return Time(m.teardown_entered); }),
       column("gone_s REAL", [](const Member& m) { return Time(m.gone); }),
       column("async_error INTEGER", [](const Member& m) { return Int(m.async_error); }),
       column("last_seq INTEGER", [](const Member& m) { return Int(m.last_seq); }),
       column("last_p2p_seq INTEGER", [](const Member& m) { return Int(m.last_p2p_seq); })});
}

absl::Status AddCommunicators(const Store& s, Database& db) {
  const auto& c = s.communicators;
  absl::Status status = db.AddVirtualTable(
      "communicators", c.size(),
      {{"communicator TEXT", [&c](size_t i) { return Text(c[i].name); }},
       {"id INTEGER", [&c](size_t i) { return Int(static_cast<int64_t>(c[i].id)); }},
       {"parent_id INTEGER",
        [&c](size_t i) { return c[i].parent_id ? Int(static_cast<int64_t>(c[i].parent_id)) : Value{}; }},
       {"size INTEGER", [&c](size_t i) { return Int(static_cast<int64_t>(c[i].members.size())); }}});
  if (!status.ok()) return status;
  return AddMembers(s, db);
}

absl::Status AddOperations(const Store& s, Database& db) {
  const Operations& o = s.operations;
  return db.AddVirtualTable(
      "operations", o.size(),
      {{"rank INTEGER", [&s, &o](size_t i) { return IntOrNull(s.GlobalRank(o.rank[i])); }},
       {"communicator TEXT",
        [&s, &o](size_t i) {
          return o.communicator[i] < 0 ? Value{} : Text(s.communicators[o.communicator[i]].name);
        }},
       {"comm_rank INTEGER", [&o](size_t i) { return IntOrNull(o.member[i]); }},
       {"seq INTEGER", [&o](size_t i) { return Int(o.seq[i]); }},
       {"op TEXT", [&o](size_t i) { return Text(OperationName(o.api[i])); }},
       {"p2p INTEGER", [&o](size_t i) { return Int(o.p2p[i]); }},
       {"state TEXT", [&o](size_t i) { return Text(StateName(o.state[i])); }},
       {"entered_s REAL", [&o](size_t i) { return Time(o.entered[i]); }},
       {"returned_s REAL", [&o](size_t i) { return Time(o.returned[i]); }},
       {"started_s REAL", [&o](size_t i) { return Time(o.started[i]); }},
       {"finished_s REAL", [&o](size_t i) { return Time(o.finished[i]); }},
       {"count INTEGER", [&o](size_t i) { return Int(static_cast<int64_t>(o.count[i])); }},
       {"dtype TEXT", [&o](size_t i) { return Text(api::DataTypeName(o.dtype[i])); }},
       {"redop TEXT", [&o](size_t i) { return Text(api::RedOpName(o.redop[i])); }},
       {"peer INTEGER", [&o](size_t i) { return IntOrNull(o.peer[i]); }},
       {"stream INTEGER", [&o](size_t i) { return Int(o.stream[i]); }},
       {"group_number INTEGER", [&o](size_t i) { return Int(o.group[i]); }},
       {"result INTEGER", [&o](size_t i) { return Int(o.result[i]); }},
       {"step INTEGER", [&o](size_t i) { return IntOrNull(o.step[i]); }}});
}

absl::Status AddCallsAndEvents(const Store& s, Database& db) {
  const Calls& c = s.calls;
  absl::Status status =
      db.AddVirtualTable("calls", c.size(),
                         {{"rank INTEGER", [&s, &c](size_t i) { return IntOrNull(s.GlobalRank(c.rank[i])); }},
                          {"process INTEGER", [&c](size_t i) { return Int(c.process[i]); }},
                          {"api TEXT", [&c](size_t i) { return Text(api::ApiName(c.api[i])); }},
                          {"entered_s REAL", [&c](size_t i) { return Time(c.entered[i]); }},
                          {"returned_s REAL", [&c](size_t i) { return Time(c.returned[i]); }},
                          {"bytes INTEGER", [&c](size_t i) { return Int(static_cast<int64_t>(c.count[i])); }},
                          {"result INTEGER", [&c](size_t i) { return Int(c.result[i]); }}});
  if (!status.ok()) return status;
  const Events& e = s.events;
  return db.AddVirtualTable(
      "events", e.size(),
      {{"rank INTEGER", [&s, &e](size_t i) { return IntOrNull(s.GlobalRank(e.rank[i])); }},
       {"process INTEGER", [&e](size_t i) { return Int(e.process[i]); }},
       {"kind TEXT", [&e](size_t i) { return Text(EventName(e.kind[i])); }},
       {"code INTEGER", [&e](size_t i) { return Int(e.code[i]); }},
       {"t_s REAL", [&e](size_t i) { return Time(e.time[i]); }},
       {"count INTEGER", [&e](size_t i) { return Int(static_cast<int64_t>(e.count[i])); }},
       {"result INTEGER", [&e](size_t i) { return Int(e.result[i]); }},
       {"text TEXT", [&e](size_t i) { return Text(e.text[i]); }}});
}

absl::Status AddSamples(const Store& s, Database& db) {
  const std::vector<Sample>& v = s.samples;
  return db.AddVirtualTable(
      "samples", v.size(),
      {{"rank INTEGER", [&s, &v](size_t i) { return IntOrNull(s.GlobalRank(v[i].rank)); }},
       {"communicator TEXT",
        [&s, &v](size_t i) {
          return v[i].communicator < 0 ? Value{} : Text(s.communicators[v[i].communicator].name);
        }},
       {"name TEXT", [&v](size_t i) { return v[i].name.empty() ? Value{} : Text(v[i].name); }},
       {"op TEXT", [&v](size_t i) { return Text(OperationName(v[i].api)); }},
       {"seq INTEGER", [&v](size_t i) { return Int(v[i].seq); }},
       {"input INTEGER", [&v](size_t i) { return Int(v[i].input); }},
       {"bytes INTEGER", [&v](size_t i) { return Int(v[i].bytes); }},
       {"hash TEXT", [&v](size_t i) { return Text(absl::StrFormat("%016x", v[i].hash)); }},
       {"nonfinite INTEGER", [&v](size_t i) { return Int(v[i].nonfinite); }},
       {"largest REAL", [&v](size_t i) { return Value{static_cast<double>(v[i].largest)}; }},
       {"t_s REAL", [&v](size_t i) { return Time(v[i].time); }}});
}

// One row for each link and kind of time since the start (window_begin_s NULL), and one for each recent
// window.
absl::Status AddTransfers(const Store& s, Database& db) {
  std::vector<std::vector<Value>> rows;
  for (const Transfer& t : s.transfers) {
    const auto add = [&](const Transfer::Times* times, bool is_window) {
      std::vector<Value> row = {s.communicators[t.communicator].name, IntOrNull(s.GlobalRank(t.source)),
                                IntOrNull(s.GlobalRank(t.destination)), Int(t.channel)};
      row.push_back(is_window ? Time(times->begin) : Value{});
      row.push_back(is_window ? Time(times->end) : Value{});
      if (times == nullptr) {
        row.insert(row.end(),
                   {Value{}, Int(0), Int(static_cast<int64_t>(t.bytes)), Value{}, Value{}, Value{}});
      } else {
        int64_t steps = 0;
        for (uint32_t count : times->counts) steps += count;
        row.insert(row.end(), {Text(times->per_mib ? "per_mib" : "step"), Int(steps),
                               Int(static_cast<int64_t>(is_window ? times->bytes : t.bytes))});
        for (double q : {0.1, 0.5, 0.9})
          row.emplace_back(transport::QuantileNs(times->counts.data(), q) * 1e-9);
      }
      for (auto [known, count] :
           {std::pair(t.has_source, t.posted), std::pair(t.has_source, t.sent),
            std::pair(t.has_destination, t.expected), std::pair(t.has_destination, t.received)})
        row.push_back(known ? Int(static_cast<int64_t>(count)) : Value{});
      row.push_back(Int(static_cast<int64_t>(t.moving)));
      for (int64_t last : {t.moving_since, t.last_posted, t.last_sent, t.last_received})
        row.push_back(Time(last));
      rows.push_back(std::move(row));
    };
    for (const Transfer::Times& times : t.life) add(&times, false);
    if (t.life.empty()) add(nullptr, false);
    for (const Transfer::Times& times : t.windows) add(&times, true);
  }
  return db.AddTable(
      "transfers",
      "communicator TEXT, source INTEGER, destination INTEGER, channel INTEGER, window_begin_s "
      "REAL, window_end_s REAL, kind TEXT, steps INTEGER, bytes INTEGER, p10_s REAL, p50_s REAL, "
      "p90_s REAL, posted INTEGER, sent INTEGER, expected INTEGER, received INTEGER, "
      "moving INTEGER, moving_since_s REAL, last_posted_s REAL, last_sent_s REAL, last_received_s REAL",
      rows);
}

absl::Status AddKernelRanks(const Store& s, Database& db) {
  std::vector<std::vector<Value>> rows;
  for (const KernelRank& r : s.kernel_ranks) {
    rows.push_back({Int(r.rank), r.seen_s, r.cpu_s, r.core_wait_s, r.throttled_s, r.disk_wait_s, r.frozen_s,
                    Int(r.frozen), Int(r.oom_kills), Int(r.major_faults)});
  }
  return db.AddTable(
      "kernel_ranks",
      "rank INTEGER, seen_s REAL, cpu_s REAL, core_wait_s REAL, throttled_s REAL, disk_wait_s REAL, "
      "frozen_s REAL, frozen INTEGER, oom_kills INTEGER, major_faults INTEGER",
      rows);
}

absl::Status AddKernelLinks(const Store& s, Database& db) {
  std::vector<std::vector<Value>> rows;
  for (const KernelLink& l : s.kernel_links) {
    rows.push_back({Int(l.source), Int(l.destination), Int(l.looks), Int(l.in_flight), Int(l.under_way),
                    Int(l.queued), l.min_rtt_us, l.rtt_us, Int(l.segments), Int(l.retransmits),
                    Int(l.bytes_acked), Int(l.bytes_received), l.stuck_s, Int(l.packets_lost)});
  }
  return db.AddTable(
      "kernel_links",
      "source INTEGER, destination INTEGER, looks INTEGER, in_flight INTEGER, under_way INTEGER, queued "
      "INTEGER, "
      "min_rtt_us REAL, rtt_us REAL, segments INTEGER, retransmits INTEGER, bytes_acked INTEGER, "
      "bytes_received INTEGER, stuck_s REAL, packets_lost INTEGER",
      rows);
}

absl::Status AddKernelWaits(const Store& s, Database& db) {
  std::vector<std::vector<Value>> rows;
  for (const KernelWaits& w : s.kernel_waits) {
    rows.push_back({Int(w.rank), w.asleep_s, w.away_s, w.memory_wait_s, Int(w.page_faults),
                    Int(w.disk_requests), w.disk_request_s, w.disk_longest_s});
  }
  return db.AddTable("kernel_waits",
                     "rank INTEGER, asleep_s REAL, away_s REAL, memory_wait_s REAL, page_faults INTEGER, "
                     "disk_requests INTEGER, disk_request_s REAL, disk_longest_s REAL",
                     rows);
}

absl::Status AddOperationProgress(const Store& s, Database& db) {
  const std::vector<OperationProgress>& v = s.progress;
  const Operations& o = s.operations;
  const auto count = [&v](uint32_t OperationProgress::*field) {
    return [&v, field](size_t i) { return Int(v[i].*field); };
  };
  const auto time = [&v](int64_t OperationProgress::*field) {
    return [&v, field](size_t i) { return Time(v[i].*field); };
  };
  return db.AddVirtualTable(
      "operation_progress", v.size(),
      {{"rank INTEGER", [&s, &v, &o](size_t i) { return IntOrNull(s.GlobalRank(o.rank[v[i].operation])); }},
       {"communicator TEXT",
        [&s, &v, &o](size_t i) { return Text(s.communicators[o.communicator[v[i].operation]].name); }},
       {"seq INTEGER", [&v, &o](size_t i) { return Int(o.seq[v[i].operation]); }},
       {"op TEXT", [&v, &o](size_t i) { return Text(OperationName(o.api[v[i].operation])); }},
       {"p2p INTEGER", [&v, &o](size_t i) { return Int(o.p2p[v[i].operation]); }},
       {"begun_s REAL", time(&OperationProgress::begun)},
       {"first_posted_s REAL", time(&OperationProgress::first_posted)},
       {"last_moved_s REAL", time(&OperationProgress::last_moved)},
       {"bytes INTEGER", [&v](size_t i) { return Int(static_cast<int64_t>(v[i].bytes)); }},
       {"open_links INTEGER", count(&OperationProgress::open_links)},
       {"sends_posted INTEGER", count(&OperationProgress::sends_posted)},
       {"sends_done INTEGER", count(&OperationProgress::sends_done)},
       {"receives_posted INTEGER", count(&OperationProgress::receives_posted)},
       {"receives_done INTEGER", count(&OperationProgress::receives_done)}});
}

absl::Status AddKernels(const Store& s, Database& db) {
  const std::vector<Kernel>& v = s.kernels;
  const Operations& o = s.operations;
  // NULL where the operation of a kernel is not known.
  const auto of_operation = [&v](auto read) {
    return [&v, read](size_t i) {
      return v[i].operation < 0 ? Value{} : read(static_cast<size_t>(v[i].operation));
    };
  };
  return db.AddVirtualTable(
      "kernels", v.size(),
      {{"process INTEGER", [&v](size_t i) { return Int(v[i].process); }},
       {"rank INTEGER",
        [&s, &v, &o](size_t i) {
          return v[i].operation < 0 ? IntOrNull(s.processes[v[i].process].rank)
                                    : IntOrNull(s.GlobalRank(o.rank[v[i].operation]));
        }},
       {"communicator TEXT",
        of_operation([&s, &o](size_t op) { return Text(s.communicators[o.communicator[op]].name); })},
       {"seq INTEGER", of_operation([&o](size_t op) { return Int(o.seq[op]); })},
       {"op TEXT", of_operation([&o](size_t op) { return Text(OperationName(o.api[op])); })},
       {"p2p INTEGER", of_operation([&o](size_t op) { return Int(o.p2p[op]); })},
       {"kernel TEXT",
        [&s, &v](size_t i) {
          return s.kernel_names[v[i].name].empty() ? Value{} : Text(s.kernel_names[v[i].name]);
        }},
       {"started_s REAL", [&v](size_t i) { return Time(v[i].started); }},
       {"finished_s REAL", [&v](size_t i) { return Time(v[i].finished); }},
       {"device INTEGER", [&v](size_t i) { return Int(v[i].device); }},
       {"stream INTEGER", [&v](size_t i) { return Int(v[i].stream); }},
       {"correlation INTEGER", [&v](size_t i) { return Int(v[i].correlation); }},
       {"graph INTEGER", [&v](size_t i) { return v[i].graph == 0 ? Value{} : Int(v[i].graph); }}});
}

}  // namespace

absl::Status AddStoreTables(const Store& store, Database& database) {
  for (auto* add :
       {AddProcesses, AddCommunicators, AddOperations, AddCallsAndEvents, AddSamples, AddTransfers,
        AddOperationProgress, AddKernels, AddKernelRanks, AddKernelLinks, AddKernelWaits}) {
    if (absl::Status status = add(store, database); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace rankle::store
