#include "analyzer/testing/job_builder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "analyzer/import/flight_record/job_assembler.h"
#include "injector/api/api.h"
#include "tracer/record/writer.h"

namespace rankle::testing {
namespace {

constexpr uint64_t kStart = 1'000'000'000'000;  // monotonic ns at the start of the job
constexpr uint64_t kRealStart = 1'700'000'000'000'000'000;
constexpr uint64_t kJobId = 0xabc;

uint64_t Ns(double seconds) { return kStart + static_cast<uint64_t>(seconds * 1e9 + 0.5); }
int Pid(int rank) { return 1000 + rank; }

// A time as the drifting clock of a host shows it; 0 stays "not known".
void Drift(uint64_t& ns, double ppm) {
  if (ns > kStart) ns += static_cast<uint64_t>(std::llround(static_cast<double>(ns - kStart) * ppm * 1e-6));
}
void Drift(record::FlightRecord& record, double ppm) {
  if (ppm == 0) return;
  Drift(record.process.heartbeat_ns, ppm);
  for (record::Communicator& c : record.communicators) {
    for (uint64_t* t : {&c.init_entered_ns, &c.ready_ns, &c.teardown_entered_ns, &c.gone_ns}) Drift(*t, ppm);
  }
  for (record::Event& e : record.events) {
    for (uint64_t* t : {&e.entered_ns, &e.returned_ns, &e.started_ns, &e.finished_ns}) Drift(*t, ppm);
  }
}
uint64_t RealStart(double ahead) { return kRealStart + static_cast<uint64_t>(std::llround(ahead * 1e9)); }

bool IsP2p(const std::string& api) { return api == "ncclSend" || api == "ncclRecv"; }

record::Event ToEvent(const Op& op, uint32_t seq, uint16_t comm) {
  record::Event e;
  e.kind = record::Kind::kOperation;
  e.api = api::FindApi(op.api)->id, e.comm = comm, e.seq = seq, e.count = op.count, e.peer = op.peer;
  e.stream = op.stream, e.group = op.group, e.dtype = 7, e.redop = IsP2p(op.api) ? 0xff : 0,
  e.result = op.result;
  e.entered_ns = Ns(op.entered);
  e.returned_ns = op.returned ? e.entered_ns + 1000 : 0;
  const double started = op.started >= 0 ? op.started : op.finished >= 0 ? op.entered : -1;
  e.started_ns = started >= 0 ? Ns(started) : 0;
  e.finished_ns = op.finished >= 0 ? Ns(op.finished) : 0;
  e.state = op.result != 0     ? record::State::kFailed
            : op.finished >= 0 ? record::State::kDone
            : op.returned      ? record::State::kEnqueued
                               : record::State::kEntered;
  return e;
}

}  // namespace

JobBuilder::JobBuilder(int ranks) : ranks_(static_cast<size_t>(ranks)) {}

int JobBuilder::Communicator(const std::string& name, const std::vector<int>& ranks) {
  Membership m;
  m.name = name, m.ranks = ranks;
  m.init_entered.assign(ranks.size(), 0.01);
  m.teardown.assign(ranks.size(), -1), m.gone.assign(ranks.size(), -1);
  m.ready.assign(ranks.size(), true);
  m.seq.assign(ranks.size(), 0), m.p2p_seq.assign(ranks.size(), 0);
  communicators_.push_back(std::move(m));
  return static_cast<int>(communicators_.size()) - 1;
}

JobBuilder& JobBuilder::Add(const Op& op) {
  Membership& m = communicators_[op.communicator];
  const auto member = static_cast<int>(std::find(m.ranks.begin(), m.ranks.end(), op.rank) - m.ranks.begin());
  uint32_t& seq = IsP2p(op.api) ? m.p2p_seq[member] : m.seq[member];
  ops_.push_back({op, member, op.result == 0 ? ++seq : seq + 1});
  observed_until_ = std::max({observed_until_, op.entered, op.finished});
  return *this;
}

JobBuilder& JobBuilder::Collective(int communicator, double entered, double finished,
                                   const std::vector<double>& late, const std::string& api, uint64_t count,
                                   int step) {
  const std::vector<int> ranks = communicators_[communicator].ranks;
  for (size_t i = 0; i < ranks.size(); ++i) {
    Op op;
    op.rank = ranks[i], op.communicator = communicator, op.api = api, op.count = count, op.step = step;
    op.entered = entered + (i < late.size() ? late[i] : 0), op.finished = finished;
    Add(op);
  }
  return *this;
}

JobBuilder& JobBuilder::Steps(int communicator, int first, int last, double period, uint64_t count) {
  for (int step = first; step <= last; ++step) {
    const double at = 0.1 + step * period;
    Collective(communicator, at, at + 0.1 * period, {}, "ncclAllReduce", count, step);
  }
  return *this;
}

JobBuilder& JobBuilder::Mark(int rank, double time, int step) {
  extras_.push_back({ExtraKind::kMark, rank, time, "", static_cast<uint64_t>(step)});
  return *this;
}
JobBuilder& JobBuilder::OnHost(int rank, const std::string& host, double ahead, double drift_ppm) {
  ranks_[rank].host = host, ranks_[rank].ahead = ahead, ranks_[rank].drift_ppm = drift_ppm;
  return *this;
}
JobBuilder& JobBuilder::ObservedUntil(double time) {
  observed_until_ = time;
  return *this;
}
JobBuilder& JobBuilder::Heartbeat(int rank, double time) {
  ranks_[rank].heartbeat = time;
  return *this;
}
JobBuilder& JobBuilder::Exited(int rank, double time, int code) {
  ranks_[rank].ended = time, ranks_[rank].exit_code = code;
  observed_until_ = std::max(observed_until_, time);
  return *this;
}
JobBuilder& JobBuilder::ExitHandlersRan(int rank) {
  ranks_[rank].exiting = true;
  return *this;
}
JobBuilder& JobBuilder::Killed(int rank, double time, int signal) {
  ranks_[rank].ended = time, ranks_[rank].signal = signal;
  observed_until_ = std::max(observed_until_, time);
  return *this;
}
JobBuilder& JobBuilder::KilledByLauncher(int rank, double time) {
  Killed(rank, time, 9);
  ranks_[rank].by_launcher = true;
  return *this;
}
JobBuilder& JobBuilder::FailedCall(int rank, double time, const std::string& api, uint8_t result) {
  extras_.push_back({ExtraKind::kCall, rank, time, api, result});
  return *this;
}
JobBuilder& JobBuilder::Call(int rank, double entered, double returned, const std::string& api) {
  extras_.push_back({ExtraKind::kCall, rank, entered, api, 0, returned});
  return *this;
}
JobBuilder& JobBuilder::AsyncError(int rank, double time, uint8_t result) {
  extras_.push_back({ExtraKind::kAsync, rank, time, "", result});
  return *this;
}
JobBuilder& JobBuilder::Sample(int rank, int communicator, uint32_t seq, double time, uint64_t hash,
                               bool input, int nonfinite, float largest) {
  record::Event e;
  e.kind = record::Kind::kSample, e.state = record::State::kDone, e.api = api::FindApi("ncclAllReduce")->id;
  e.entered_ns = Ns(time), e.seq = seq, e.count = hash, e.stream = 64, e.peer = nonfinite;
  e.site = std::bit_cast<uint32_t>(largest), e.flags = input ? record::kFlagInput : 0;
  samples_.push_back({rank, communicator, e});
  return *this;
}

JobBuilder& JobBuilder::Replica(int rank, const std::string& name, uint32_t mark, double time,
                                uint64_t hash) {
  Sample(rank, -1, mark, time, hash);
  samples_.back().event.flags = record::kFlagNamed, samples_.back().event.text = name;
  return *this;
}

JobBuilder& JobBuilder::MemoryInUse(int rank, double time, uint64_t bytes) {
  extras_.push_back({ExtraKind::kMemory, rank, time, "", bytes});
  return *this;
}
JobBuilder& JobBuilder::Exception(int rank, double time, const std::string& type) {
  extras_.push_back({ExtraKind::kException, rank, time, type, 0});
  return *this;
}
JobBuilder& JobBuilder::PythonException(int rank, double time, const std::string& text) {
  extras_.push_back({ExtraKind::kException, rank, time, text, record::kExceptionOfPython});
  return *this;
}
JobBuilder& JobBuilder::Teardown(int communicator, int rank, double entered, double gone) {
  Membership& m = communicators_[communicator];
  const auto member = static_cast<size_t>(std::find(m.ranks.begin(), m.ranks.end(), rank) - m.ranks.begin());
  m.teardown[member] = entered, m.gone[member] = gone;
  extras_.push_back(
      {ExtraKind::kTeardown, rank, entered, "ncclCommDestroy", static_cast<uint64_t>(communicator)});
  observed_until_ = std::max({observed_until_, entered, gone});
  return *this;
}
JobBuilder& JobBuilder::NotCreatedBy(int communicator, int rank) { return Creating(communicator, rank, -1); }
JobBuilder& JobBuilder::Creating(int communicator, int rank, double since) {
  Membership& m = communicators_[communicator];
  const auto member = static_cast<size_t>(std::find(m.ranks.begin(), m.ranks.end(), rank) - m.ranks.begin());
  m.init_entered[member] = since, m.ready[member] = false;
  return *this;
}
JobBuilder& JobBuilder::LostOperations(int rank, size_t last) {
  ranks_[rank].lost = last;
  return *this;
}

JobBuilder& JobBuilder::StalledAt(double time) {
  stalled_at_ = time;
  return *this;
}

JobBuilder& JobBuilder::WithoutRecord(int rank) {
  ranks_[rank].recorded = false;
  return *this;
}

store::Store JobBuilder::Build() const {
  std::vector<record::FlightRecord> records(ranks_.size());
  std::vector<std::vector<uint16_t>> comm_index(communicators_.size());
  for (size_t r = 0; r < ranks_.size(); ++r) {
    record::Process& p = records[r].process;
    p.rank = static_cast<int>(r), p.world_size = static_cast<int>(ranks_.size()), p.pid = Pid(p.rank),
    p.job_id = kJobId;
    p.host = ranks_[r].host, p.start_monotonic_ns = kStart;
    p.start_realtime_ns = RealStart(ranks_[r].ahead);
    const bool alive = ranks_[r].ended < 0 || ranks_[r].by_launcher;
    const double end = alive ? observed_until_ : ranks_[r].ended;
    p.ended = ranks_[r].exiting;
    p.heartbeat_ns = Ns(ranks_[r].heartbeat >= 0 ? ranks_[r].heartbeat : end);
  }
  for (size_t c = 0; c < communicators_.size(); ++c) {
    const Membership& m = communicators_[c];
    comm_index[c].assign(m.ranks.size(), record::kNoComm);
    for (size_t i = 0; i < m.ranks.size(); ++i) {
      if (m.init_entered[i] < 0) continue;
      auto& table = records[m.ranks[i]].communicators;
      record::Communicator entry;
      entry.index = comm_index[c][i] = static_cast<uint16_t>(table.size());
      entry.id = 1000 + c, entry.rank = static_cast<int>(i), entry.nranks = static_cast<int>(m.ranks.size());
      entry.name = m.name, entry.init_entered_ns = Ns(m.init_entered[i]);
      entry.ready_ns = m.ready[i] ? Ns(m.init_entered[i] + 0.01) : 0;
      entry.teardown_entered_ns = m.teardown[i] >= 0 ? Ns(m.teardown[i]) : 0;
      entry.gone_ns = m.gone[i] >= 0 ? Ns(m.gone[i]) : 0;
      entry.state = m.gone[i] >= 0       ? record::CommState::kDestroyed
                    : m.teardown[i] >= 0 ? record::CommState::kFinalizing
                    : m.ready[i]         ? record::CommState::kReady
                                         : record::CommState::kInitialising;
      entry.last_seq = m.seq[i], entry.last_p2p_seq = m.p2p_seq[i];
      table.push_back(std::move(entry));
    }
  }
  std::vector<int> step(ranks_.size(), -1);
  for (const SequencedOp& s : ops_) {
    auto& events = records[s.op.rank].events;
    if (s.op.step >= 0 && s.op.step != step[s.op.rank]) {  // the program marks its steps just before
      record::Event mark;
      mark.kind = record::Kind::kMark, mark.state = record::State::kDone;
      mark.entered_ns = Ns(s.op.entered) - 1, mark.count = static_cast<uint64_t>(step[s.op.rank] = s.op.step);
      events.push_back(mark);
    }
    events.push_back(ToEvent(s.op, s.seq, comm_index[s.op.communicator][s.member]));
  }
  for (const Extra& x : extras_) {
    record::Event e;
    e.entered_ns = Ns(x.time), e.returned_ns = e.entered_ns + 1000, e.state = record::State::kDone;
    e.comm = record::kNoComm;
    switch (x.kind) {
      case ExtraKind::kMark:
        e.kind = record::Kind::kMark, e.count = x.value;
        break;
      case ExtraKind::kMemory:
        e.kind = record::Kind::kMemory, e.count = x.value;
        break;
      case ExtraKind::kCall:
        e.kind = record::Kind::kCall, e.api = api::FindApi(x.text)->id,
        e.result = static_cast<uint8_t>(x.value);
        if (x.returned >= 0) e.returned_ns = Ns(x.returned);
        break;
      case ExtraKind::kTeardown: {
        const Membership& m = communicators_[x.value];
        const auto i =
            static_cast<size_t>(std::find(m.ranks.begin(), m.ranks.end(), x.rank) - m.ranks.begin());
        e.kind = record::Kind::kCall, e.api = api::FindApi(x.text)->id, e.comm = comm_index[x.value][i];
        e.returned_ns = m.gone[i] >= 0 ? Ns(m.gone[i]) : 0;
        if (m.gone[i] < 0) e.state = record::State::kEntered;
        break;
      }
      case ExtraKind::kAsync:
        e.kind = record::Kind::kAsyncError, e.result = static_cast<uint8_t>(x.value);
        break;
      case ExtraKind::kException:
        e.kind = record::Kind::kException, e.text = x.text, e.api = static_cast<uint16_t>(x.value);
        break;
    }
    records[x.rank].events.push_back(e);
  }
  for (const Sampled& s : samples_) {
    record::Event e = s.event;
    e.comm = record::kNoComm;
    if (s.communicator >= 0) {
      const auto& ranks = communicators_[s.communicator].ranks;
      e.comm = comm_index[s.communicator][std::find(ranks.begin(), ranks.end(), s.rank) - ranks.begin()];
    }
    records[s.rank].events.push_back(e);
  }
  import::JobAssembler job;
  for (size_t r = 0; r < ranks_.size(); ++r) {
    auto& events = records[r].events;
    std::stable_sort(events.begin(), events.end(),
                     [](const auto& a, const auto& b) { return a.entered_ns < b.entered_ns; });
    if (ranks_[r].lost > 0) {
      records[r].quality.truncated = true;
      events.resize(events.size() - std::min(events.size(), ranks_[r].lost));
    }
    Drift(records[r], ranks_[r].drift_ppm);
    if (ranks_[r].recorded) job.Add(records[r]);
  }
  std::map<std::string, import::RunInfo> runs;  // a launcher on each host
  for (size_t r = 0; r < ranks_.size(); ++r) {
    if (!ranks_[r].recorded) continue;
    import::RunInfo& run = runs[ranks_[r].host];
    run.host = ranks_[r].host, run.job_id = kJobId, run.n = static_cast<int>(ranks_.size());
    run.start_monotonic_ns = kStart, run.start_realtime_ns = RealStart(ranks_[r].ahead);
    import::RunProcess p;
    p.pid = Pid(static_cast<int>(r)), p.rank = static_cast<int>(r), p.started_ns = kStart;
    if (ranks_[r].ended >= 0) {
      p.ended_ns = Ns(ranks_[r].ended), p.exit_code = ranks_[r].exit_code, p.signal = ranks_[r].signal;
      Drift(p.ended_ns, ranks_[r].drift_ppm);
      p.ended_by = ranks_[r].by_launcher ? "rankle" : "itself";
    }
    run.processes.push_back(p);
  }
  for (auto& [host, run] : runs) {
    if (stalled_at_ >= 0) run.stalls_ns.push_back(Ns(stalled_at_));
    job.AddRun(std::move(run));
  }
  store::Store store;
  job.Finish(store);
  return store;
}

}  // namespace rankle::testing
