#include "analyzer/import/flight_record/job_assembler.h"

#include <cxxabi.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/import/host_clocks.h"
#include "analyzer/import/kernels/kernel_assembler.h"
#include "analyzer/import/logs/failure_text.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

using store::kNone;

// A communicator of more ranks than this is taken for a damaged entry.
constexpr int32_t kMaxCommunicatorSize = 1 << 18;
// No sign of life for this long while others show some: the process does not move. The hooks' background
// thread beats several times a second; 1.5 s leaves room for a machine with many more ranks than cores.
constexpr int64_t kStaleNs = 1'500'000'000;

int64_t At(uint64_t monotonic_ns, int64_t offset) {
  return monotonic_ns == 0 ? 0 : static_cast<int64_t>(monotonic_ns) + offset;
}

store::CommState ConvertState(record::CommState state) {
  return state > record::CommState::kFailed ? store::CommState::kUnknown
                                            : static_cast<store::CommState>(state);
}

bool IsP2p(uint16_t api) {
  const api::ApiInfo* info = api::FindApi(api);
  return info != nullptr && (info->groups & api::kP2p) != 0;
}

store::Sample ConvertSample(const record::Event& e, int64_t offset) {
  store::Sample s;
  s.seq = e.seq, s.api = e.api, s.input = (e.flags & record::kFlagInput) != 0;
  s.bytes = e.stream, s.hash = e.count, s.nonfinite = e.peer, s.time = At(e.entered_ns, offset),
  s.name = e.text;
  if ((e.flags & record::kFlagNamed) == 0) s.largest = std::bit_cast<float>(e.site);
  return s;
}

store::Misuse ConvertMisuse(const record::Event& e, int64_t offset) {
  store::Misuse m;
  m.kind = static_cast<store::MisuseKind>(e.result);
  m.api = e.api, m.seq = e.seq, m.time = At(e.entered_ns, offset), m.count = e.count;
  if (m.kind == store::MisuseKind::kPastAllocation)
    m.beyond = e.stream, m.input = (e.flags & record::kFlagInput) != 0;
  if (m.kind == store::MisuseKind::kGroupLeftOpen) m.exit_code = e.peer;
  const bool in_group =
      m.kind == store::MisuseKind::kGroupLeftOpen || m.kind == store::MisuseKind::kBlockedInGroup;
  if (m.seq != 0) m.operation = in_group ? static_cast<uint16_t>(e.stream) : m.api;
  return m;
}

store::Operation ConvertOperation(const record::Event& e, int64_t offset) {
  store::Operation o;
  o.seq = e.seq, o.api = e.api, o.p2p = IsP2p(e.api), o.state = static_cast<store::OpState>(e.state);
  o.entered = At(e.entered_ns, offset), o.returned = At(e.returned_ns, offset);
  o.started = At(e.started_ns, offset), o.finished = At(e.finished_ns, offset);
  o.count = e.count, o.peer = e.peer, o.stream = e.stream, o.group = e.group, o.thread = e.thread;
  o.dtype = e.dtype, o.redop = e.redop, o.result = static_cast<uint8_t>(e.result), o.flags = e.flags;
  return o;
}

// Type names are recorded as the compiler encodes them ("St13runtime_error").
std::string Demangle(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(
      name.empty() ? nullptr : abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return readable == nullptr ? name : readable.get();
}

template <typename T>
void KeepRows(const std::vector<uint8_t>& keep, std::vector<T>& column) {
  size_t out = 0;
  for (size_t i = 0; i < column.size(); ++i) {
    if (keep[i]) column[out++] = std::move(column[i]);
  }
  column.resize(out);
}

}  // namespace

// The first process seen on a host defines how its monotonic clock relates to real time, so that the ranks of
// one host stay exactly comparable even when NTP stepped the real-time clock between their starts.
int64_t JobAssembler::HostOffset(const std::string& host, uint64_t realtime_ns, uint64_t monotonic_ns) {
  const auto offset = static_cast<int64_t>(realtime_ns - monotonic_ns);
  return host_offsets_.try_emplace(host, offset).first->second;
}

void JobAssembler::Add(const record::FlightRecord& record) {
  const record::Process& p = record.process;
  const int64_t offset = HostOffset(p.host, p.start_realtime_ns, p.start_monotonic_ns);
  const int32_t process = AddProcess(record, offset);
  const std::vector<CommRef> comms = AddCommunicators(record, process, offset);
  AddEvents(record, process, comms, offset);
}

int32_t JobAssembler::AddProcess(const record::FlightRecord& record, int64_t offset) {
  const record::Process& p = record.process;
  store::Process row;
  row.pid = p.pid, row.parent_pid = p.parent_pid, row.rank = p.rank;
  row.host = p.host, row.command = p.command, row.source = record.path, row.job_id = p.job_id;
  row.clock_offset = offset;
  row.started = At(p.start_monotonic_ns, offset), row.heartbeat = At(p.heartbeat_ns, offset);
  row.last_seen = std::max(row.started, row.heartbeat);
  row.observed = At(record.observed_ns, offset);
  row.step = p.step;
  row.end_is_known = p.ended;
  if (p.ended) row.exiting = row.has_exit_code = true, row.exit_code = p.exit_status;
  row.dropped = record.quality.dropped, row.overwritten = record.quality.overwritten;
  row.malformed = record.quality.malformed;
  if (row.malformed > 0) {
    store_.quality.notes.push_back(
        absl::StrCat(record.path, ": ", row.malformed, " damaged records were left out"));
  }
  store_.quality.dropped += row.dropped + record.quality.comms_dropped;
  store_.quality.overwritten += row.overwritten;
  store_.quality.malformed += row.malformed + (record.quality.truncated ? 1 : 0);
  store_.quality.clock_uncertainty_us =
      std::max(store_.quality.clock_uncertainty_us, p.clock_uncertainty_ns * 1e-3);
  if (record.quality.truncated) {
    ++store_.quality.cut_files;
    row.cut = true;
    store_.quality.notes.push_back(absl::StrCat(record.path, ": cut short; what is readable was used"));
  }
  store_.world_size = std::max(store_.world_size, p.world_size);
  if (store_.command.empty()) store_.command = p.command;
  newest_start_ = std::max(newest_start_, row.started);
  store_.processes.push_back(std::move(row));
  return static_cast<int32_t>(store_.processes.size()) - 1;
}

std::vector<JobAssembler::CommRef> JobAssembler::AddCommunicators(const record::FlightRecord& record,
                                                                  int32_t process, int64_t offset) {
  std::vector<CommRef> refs;
  // Does this process drive several ranks (ncclCommInitAll)? Then each device is an actor of its own.
  std::map<uint64_t, int> places;
  const record::Communicator* largest = nullptr;
  for (const record::Communicator& c : record.communicators) {
    ++places[c.id];
    if (c.rank >= 0 && (largest == nullptr || c.nranks > largest->nranks)) largest = &c;
  }
  const bool several = largest != nullptr && places[largest->id] > 1;
  const int32_t main_actor = static_cast<int32_t>(actors_.size());
  const int32_t own_rank =
      record.process.rank >= 0 || largest == nullptr ? record.process.rank : largest->rank;
  store_.processes[process].rank = several ? kNone : own_rank;
  actors_.push_back({process, several ? kNone : own_rank, 0, store_.processes[process].started});
  std::map<int32_t, int32_t> actor_by_device;
  if (several) {
    for (const record::Communicator& c : record.communicators) {
      if (c.id != largest->id || !actor_by_device.try_emplace(c.device, actors_.size()).second) continue;
      actors_.push_back({process, c.rank, 0, store_.processes[process].started});
    }
  }
  for (const record::Communicator& c : record.communicators) {
    if (c.index >= refs.size()) refs.resize(static_cast<size_t>(c.index) + 1);
    const bool placed = c.rank >= 0;
    if (c.id == 0 || (placed && (c.nranks <= c.rank || c.nranks > kMaxCommunicatorSize))) {
      ++store_.quality.malformed;
      continue;
    }
    if (!placed && c.state != record::CommState::kInitialising) continue;  // a creation that failed
    const auto [it, added] =
        communicator_by_id_.try_emplace(c.id, static_cast<int32_t>(store_.communicators.size()));
    if (added) store_.communicators.push_back({c.id, c.parent_id, c.name, {}, {}});
    store::Communicator& communicator = store_.communicators[it->second];
    const auto device_actor = actor_by_device.find(c.device);
    const int32_t actor = device_actor == actor_by_device.end() ? main_actor : device_actor->second;
    ++actors_[actor].communicators;
    if (placed && communicator.members.size() < static_cast<size_t>(c.nranks))
      communicator.members.resize(c.nranks);
    store::Member& member = placed ? communicator.members[c.rank] : communicator.unplaced.emplace_back();
    member.rank = actor, member.state = ConvertState(c.state), member.async_error = c.async_error;
    member.init_entered = At(c.init_entered_ns, offset), member.ready = At(c.ready_ns, offset);
    member.teardown_entered = At(c.teardown_entered_ns, offset), member.gone = At(c.gone_ns, offset);
    member.last_seq = c.last_seq, member.last_p2p_seq = c.last_p2p_seq;
    if (!placed) continue;
    refs[c.index] = {it->second, c.rank, actor};
  }
  return refs;
}

void JobAssembler::AddEvents(const record::FlightRecord& record, int32_t process,
                             const std::vector<CommRef>& comms, int64_t offset) {
  const int32_t first_actor = [&] {
    for (int32_t a = static_cast<int32_t>(actors_.size()) - 1; a >= 0; --a) {
      if (actors_[a].process == process && (a == 0 || actors_[a - 1].process != process)) return a;
    }
    return kNone;
  }();
  store::Process& row = store_.processes[process];
  int32_t step = kNone;
  for (const record::Event& e : record.events) {
    row.last_seen = std::max(
        {row.last_seen, At(e.entered_ns, offset), At(e.returned_ns, offset), At(e.finished_ns, offset)});
    const CommRef ref = e.comm < comms.size() ? comms[e.comm] : CommRef{};
    if (e.kind == record::Kind::kMark) step = static_cast<int32_t>(e.count);
    // A captured operation has not run; each launch of the graph has records of its own.
    if (e.kind == record::Kind::kOperation && (e.flags & record::kFlagCaptured) != 0) continue;
    if (e.kind != record::Kind::kOperation) {
      AddEvent(e, process, ref.actor == kNone ? first_actor : ref.actor, ref.communicator, offset);
      continue;
    }
    if (ref.communicator == kNone || e.state < record::State::kEntered || e.state > record::State::kAborted) {
      ++store_.quality.malformed;
      continue;
    }
    store::Operation o = ConvertOperation(e, offset);
    o.rank = ref.actor, o.communicator = ref.communicator, o.member = ref.member, o.step = step;
    store_.AddOperation(o);
  }
}

void JobAssembler::AddEvent(const record::Event& e, int32_t process, int32_t actor, int32_t communicator,
                            int64_t offset) {
  if (e.kind == record::Kind::kCall) {
    store::Calls& c = store_.calls;
    c.rank.push_back(actor), c.process.push_back(process), c.communicator.push_back(communicator);
    c.api.push_back(e.api), c.thread.push_back(e.thread), c.count.push_back(e.count),
        c.result.push_back(e.result);
    c.entered.push_back(At(e.entered_ns, offset));
    // A call that is done but whose return was not timed returned at once.
    const bool returned = e.state >= record::State::kDone;
    c.returned.push_back(At(returned && e.returned_ns == 0 ? e.entered_ns : e.returned_ns, offset));
    return;
  }
  if (e.kind == record::Kind::kSample) {
    store_.samples.push_back(ConvertSample(e, offset));
    store_.samples.back().rank = actor, store_.samples.back().communicator = communicator;
    return;
  }
  if (e.kind == record::Kind::kMisuse) {
    store_.misuses.push_back(ConvertMisuse(e, offset));
    store::Misuse& m = store_.misuses.back();
    m.rank = actor, m.process = process, m.communicator = communicator;
    return;
  }
  if (e.kind == record::Kind::kException && e.api == record::kExceptionOfPython) {
    AddPythonException(e, actor, process, At(e.entered_ns, offset));
    return;
  }
  static const std::map<record::Kind, store::EventKind> kKinds = {
      {record::Kind::kMark, store::EventKind::kMark},
      {record::Kind::kLifecycle, store::EventKind::kLifecycle},
      {record::Kind::kException, store::EventKind::kException},
      {record::Kind::kMemory, store::EventKind::kMemory},
      {record::Kind::kAsyncError, store::EventKind::kAsyncError}};
  const auto kind = kKinds.find(e.kind);
  if (kind == kKinds.end()) return;  // ground truth (kInjection), or a kind of a newer version
  store::Events& v = store_.events;
  v.rank.push_back(actor), v.process.push_back(process), v.communicator.push_back(communicator);
  v.kind.push_back(kind->second), v.code.push_back(e.api), v.time.push_back(At(e.entered_ns, offset));
  v.count.push_back(e.count), v.result.push_back(static_cast<uint8_t>(e.result)),
      v.text.push_back(Demangle(e.text));
}

// Its text says what failed and whose fault it looks like, as in logs; but here its time is the job's.
void JobAssembler::AddPythonException(const record::Event& e, int32_t actor, int32_t process, int64_t time) {
  const ErrorMeaning meaning = MeaningOfError(e.text);
  if (meaning.weight != ErrorMeaning::Weight::kFailure) return;
  store::Events& v = store_.events;
  v.rank.push_back(actor), v.process.push_back(process), v.communicator.push_back(store::kNone);
  v.kind.push_back(store::EventKind::kReport), v.code.push_back(static_cast<uint16_t>(meaning.failure));
  v.time.push_back(time), v.count.push_back(0), v.result.push_back(static_cast<uint8_t>(meaning.blame));
  v.text.push_back(e.text);
}

void JobAssembler::ApplyRun(const RunInfo& run) {
  const int64_t offset = HostOffset(run.host, run.start_realtime_ns, run.start_monotonic_ns);
  store_.world_size = std::max(store_.world_size, run.n);
  if (!run.command.empty()) store_.command = run.command;
  store_.end_known = store_.end_known || run.end_monotonic_ns != 0;
  // The launcher and what it started share a machine, and its pids, also where processes have host names of
  // their own.
  const auto is_of_run = [&](const std::string& host) {
    return run.host.empty() || host == run.host ||
           std::any_of(run.processes.begin(), run.processes.end(),
                       [&](const RunProcess& p) { return p.host == host; });
  };
  absl::flat_hash_map<int32_t, size_t> recorded;  // pid -> first process with it
  for (size_t i = 0; i < store_.processes.size(); ++i) {
    const store::Process& row = store_.processes[i];
    if (is_of_run(row.host)) recorded.try_emplace(row.pid, i);
  }
  bool ended_by_rankle = false;
  for (const RunProcess& p : run.processes) {
    const auto [found, added] = recorded.try_emplace(p.pid, store_.processes.size());
    if (added) {  // it left no flight record, but how it ended still counts
      store::Process row;
      row.pid = p.pid, row.rank = p.rank, row.host = p.host.empty() ? run.host : p.host,
      row.command = run.command, row.source = "run.json";
      row.started = row.last_seen = At(p.started_ns, offset);
      actors_.push_back({static_cast<int32_t>(store_.processes.size()), p.rank, 0, row.started});
      store_.processes.push_back(row);
    }
    store::Process* it = &store_.processes[found->second];
    it->end_is_known = it->launched = true;  // somebody waits for this process
    ended_by_rankle |= p.ended_by == "rankle";
    if (p.ended_ns == 0) {
      it->has_exit_code = false;  // its exit handlers may have run, but it is still there
      continue;
    }
    it->ended = At(p.ended_ns, offset);
    it->has_exit_code = true;
    it->exit_code = p.exit_code, it->signal = p.signal;
    it->ended_by_launcher = p.ended_by == "rankle";
  }
  store_.stands_still = store_.stands_still || run.StandsStill();
  // A stall that the job got over is none.
  if (!run.StandsStill() || !ended_by_rankle) return;
  const int64_t stalled = At(run.stalls_ns.back(), offset);
  store_.stalled = store_.stalled == 0 ? stalled : std::min(store_.stalled, stalled);  // the first node's
}

void JobAssembler::AddLiveEvents(std::vector<LiveEvent> events) {
  live_events_.insert(live_events_.end(), std::make_move_iterator(events.begin()),
                      std::make_move_iterator(events.end()));
}

void JobAssembler::PlaceLiveEvents() {
  for (const LiveEvent& e : live_events_) {
    const auto host = host_offsets_.find(e.host);
    if (e.kind == "verdict") continue;          // the analysis comes to its own
    if (host == host_offsets_.end()) continue;  // of a host that recorded nothing: nobody can say when it was
    store_.notices.push_back(
        {At(e.monotonic_ns, host->second), e.ranks.size() == 1 ? e.ranks.front() : kNone, e.host, e.text});
  }
}

// One actor a rank: of several processes with the same rank the one that uses communicators, then the newest.
std::vector<int32_t> JobAssembler::ChooseRanks() {
  std::map<int32_t, int32_t> chosen;  // global rank -> actor
  int replaced = 0;
  for (int32_t a = 0; a < static_cast<int32_t>(actors_.size()); ++a) {
    const Actor& actor = actors_[a];
    if (actor.rank < 0) continue;
    const auto [it, added] = chosen.try_emplace(actor.rank, a);
    if (added) continue;
    const Actor& other = actors_[it->second];
    if (other.communicators > 0 && actor.communicators > 0) ++replaced;
    const auto weight = [](const Actor& x) { return std::pair(x.communicators > 0, x.started); };
    // Without communicators the first process is the rank; later ones are its children (data loaders and the
    // like).
    if (actor.communicators > 0 && weight(actor) > weight(other)) it->second = a;
  }
  if (replaced > 0) {
    store_.quality.notes.push_back(absl::StrCat(
        replaced, " ranks have records of several incarnations (restarts?); the newest of each was used"));
  }
  std::vector<int32_t> rank_of_actor(actors_.size(), kNone);
  for (const auto& [global, actor] : chosen) {
    rank_of_actor[actor] = static_cast<int32_t>(store_.ranks.size());
    store_.ranks.push_back({global, actors_[actor].process});
  }
  for (size_t a = 0; a < actors_.size(); ++a) {
    // A helper (a data loader) inherits the rank's environment. An earlier incarnation was the rank and keeps
    // its number: the causal chain tells of restarts.
    if (rank_of_actor[a] == kNone && actors_[a].rank >= 0 && actors_[a].communicators == 0)
      store_.processes[actors_[a].process].rank = kNone;
  }
  return rank_of_actor;
}

void JobAssembler::Renumber(const std::vector<int32_t>& rank_of_actor) {
  auto& o = store_.operations;
  std::vector<uint8_t> keep(o.size());
  bool all = true;
  for (size_t i = 0; i < o.size(); ++i) {
    o.rank[i] = rank_of_actor[o.rank[i]];
    keep[i] = o.rank[i] != kNone;
    all = all && keep[i];
  }
  if (!all) {
    o.ForEachColumn([&](auto& column) { KeepRows(keep, column); });
  }
  const auto renumber = [&](int32_t& actor) { actor = actor == kNone ? kNone : rank_of_actor[actor]; };
  std::for_each(store_.calls.rank.begin(), store_.calls.rank.end(), renumber);
  std::for_each(store_.events.rank.begin(), store_.events.rank.end(), renumber);
  for (store::Sample& s : store_.samples) renumber(s.rank);
  for (store::Misuse& m : store_.misuses) renumber(m.rank);
  for (store::Communicator& c : store_.communicators) {
    for (store::Member& m : c.members) renumber(m.rank);
    for (store::Member& m : c.unplaced) renumber(m.rank);
  }
}

// An operation inside a group stays "entered" until the group ends. Unless its rank is inside ncclGroupEnd
// now, it has not reached the device.
void JobAssembler::MarkOpenGroups() {
  static const uint16_t kGroupEnd = api::FindApi("ncclGroupEnd")->id;
  std::set<int32_t> ending;
  for (size_t i = 0; i < store_.calls.size(); ++i) {
    if (store_.calls.api[i] == kGroupEnd && store_.calls.returned[i] == 0)
      ending.insert(store_.calls.rank[i]);
  }
  auto& o = store_.operations;
  for (size_t i = 0; i < o.size(); ++i) {
    const bool open = o.state[i] == store::OpState::kEntered && o.group[i] != 0;
    if (open && !ending.contains(o.rank[i])) o.state[i] = store::OpState::kIssued;
  }
}

// Times so far rest on each host's real-time clock, which may be seconds off.
void JobAssembler::RelateClocks() {
  store_.clocks = EstimateClocks(store_);
  AlignClocks(store_.clocks, store_);
  for (const store::HostClock& clock : store_.clocks) {
    const double uncertainty_us = static_cast<double>(clock.uncertainty_ns) * 1e-3;
    store_.quality.clock_uncertainty_us = std::max(store_.quality.clock_uncertainty_us, uncertainty_us);
    if (clock.samples == 0 && clock.uncertainty_ns != 0) {
      store_.quality.notes.push_back(absl::StrCat("host ", clock.host, " finished nothing together with ",
                                                  store_.clocks[0].host,
                                                  ": its times rest on its real-time clock"));
    } else if (clock.offset_ns != 0 && std::abs(clock.offset_ns) > clock.uncertainty_ns) {
      store_.quality.notes.push_back(
          absl::StrFormat("the clock of host %s is %.6f s ahead of that of %s, drift %.1f ppm; corrected, "
                          "uncertain by %.0f us",
                          clock.host, static_cast<double>(clock.offset_ns) * 1e-9, store_.clocks[0].host,
                          1e6 * clock.drift, uncertainty_us));
    }
  }
}

// Puts the origin of the time axis just before the first process started.
void JobAssembler::ShiftTimes() {
  int64_t origin = INT64_MAX;
  for (const store::Process& p : store_.processes) {
    if (p.started != 0) origin = std::min(origin, p.started);
  }
  if (origin == INT64_MAX) return;
  const auto shift = [origin](int64_t& t) {
    if (t != 0) t = std::max<int64_t>(t - origin + 1, 1);
  };
  const auto shift_all = [&](std::vector<int64_t>& column) {
    std::for_each(column.begin(), column.end(), shift);
  };
  auto& o = store_.operations;
  shift_all(o.entered), shift_all(o.returned), shift_all(o.started), shift_all(o.finished);
  shift_all(store_.calls.entered), shift_all(store_.calls.returned), shift_all(store_.events.time);
  for (store::Sample& s : store_.samples) shift(s.time);
  for (store::Misuse& m : store_.misuses) shift(m.time);
  for (store::Kernel& k : store_.kernels) shift(k.started), shift(k.finished);
  shift(store_.stalled);
  for (store::Notice& notice : store_.notices) shift(notice.time);
  for (store::Process& p : store_.processes) {
    shift(p.started), shift(p.heartbeat), shift(p.ended), shift(p.last_seen), shift(p.observed);
    p.clock_offset -= origin - 1;
  }
  for (store::Communicator& c : store_.communicators) {
    for (auto* places : {&c.members, &c.unplaced}) {
      for (store::Member& m : *places)
        shift(m.init_entered), shift(m.ready), shift(m.teardown_entered), shift(m.gone);
    }
  }
}

// `rankle run` ends ranks one after the other. Those that it has not reached yet see their peers die, abort
// their communicators and tear them down: its doing, as what fails then (localize/failure.cc). What they
// waited in when the job stood still is what they wait in.
void JobAssembler::ForgetReactionsToTheEnd() {
  if (store_.stalled == 0) return;
  std::set<std::pair<int32_t, int32_t>> torn_down;  // (communicator, rank)
  for (size_t c = 0; c < store_.communicators.size(); ++c) {
    for (store::Member& m : store_.communicators[c].members) {
      if (m.teardown_entered <= store_.stalled) continue;
      m.teardown_entered = m.gone = 0, m.async_error = 0, m.state = store::CommState::kReady;
      torn_down.emplace(static_cast<int32_t>(c), m.rank);
    }
  }
  // Calls begun then say nothing of what held the job up: they are as good as returned. Calls that failed
  // then were still waiting when the job stood still.
  store::Calls& calls = store_.calls;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls.entered[i] > store_.stalled) {
      if (calls.returned[i] == 0) calls.returned[i] = calls.entered[i];
    } else if (calls.returned[i] > store_.stalled && calls.result[i] != 0) {
      calls.returned[i] = 0, calls.result[i] = 0;
    }
  }
  if (torn_down.empty()) return;
  store::Operations& o = store_.operations;
  for (size_t i = 0; i < o.size(); ++i) {
    if (o.state[i] == store::OpState::kAborted && torn_down.contains({o.communicator[i], o.rank[i]}))
      o.state[i] = store::OpState::kEnqueued;
  }
}

void JobAssembler::DeriveProcessStates() {
  for (const store::Process& p : store_.processes) {
    store_.observed_until = std::max({store_.observed_until, p.last_seen, p.ended});
  }
  // Parts that were looked at one after another: what can be compared ends with the first look.
  for (const store::Process& p : store_.processes) {
    if (p.observed != 0) store_.observed_until = std::min(store_.observed_until, p.observed);
  }
  for (store::Process& p : store_.processes) {
    const bool has_end = p.has_exit_code && !p.ended_by_launcher;
    const bool beats = p.heartbeat != 0 && !p.exiting;  // the exit handlers end the thread that beats
    const int64_t watched_until =
        p.ended != 0 ? std::min(p.ended, store_.observed_until) : store_.observed_until;
    const bool stale = beats && watched_until - p.last_seen > kStaleNs;
    if (has_end) {
      p.state =
          p.exit_code == 0 && p.signal == 0 ? store::ProcessState::kEnded : store::ProcessState::kFailed;
      if (p.ended == 0) p.ended = p.last_seen;
    } else if (stale) {
      p.state = p.end_is_known ? store::ProcessState::kStopped : store::ProcessState::kVanished;
    }
  }
}

void JobAssembler::FindMissingRanks() {
  std::set<int32_t> present;
  for (const store::Rank& r : store_.ranks) {
    if (store_.processes[r.process].source != "run.json") present.insert(r.global);
  }
  // As many as `rankle run -n` starts, with room: a number beyond is damage, and a rank each would fill the
  // memory.
  constexpr int32_t kMostRanks = 1 << 20;
  if (store_.world_size > kMostRanks || store_.world_size < 0) {
    store_.quality.notes.push_back(
        absl::StrCat("the records say that the job has ", store_.world_size, " ranks: not used"));
    ++store_.quality.malformed;
    store_.world_size = 0;
  }
  int32_t size = store_.world_size;
  for (const store::Communicator& c : store_.communicators) size = std::max<int32_t>(size, c.members.size());
  for (int32_t rank = 0; rank < size; ++rank) {
    if (!present.contains(rank)) store_.quality.missing_ranks.push_back(rank);
  }
}

void JobAssembler::Finish(store::Store& store) {
  for (const RunInfo& run : runs_) ApplyRun(run);
  import::AddKernels(kernels_, store_);
  PlaceLiveEvents();
  const std::vector<int32_t> rank_of_actor = ChooseRanks();
  Renumber(rank_of_actor);
  MarkOpenGroups();
  RelateClocks();
  ShiftTimes();
  ForgetReactionsToTheEnd();
  DeriveProcessStates();
  FindMissingRanks();
  store_.source = "rankle";
  store_.quality.notes.insert(store_.quality.notes.begin(), store.quality.notes.begin(),
                              store.quality.notes.end());
  store_.quality.malformed += store.quality.malformed;
  store_.quality.unreadable_files += store.quality.unreadable_files;
  store = std::move(store_);
  store.Finish();
  ApplyKernelTimes(store);
}

}  // namespace rankle::import
