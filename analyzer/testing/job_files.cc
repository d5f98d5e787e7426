// JobBuilder::WriteTo: the same job as files, through the real writer.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "analyzer/testing/job_builder.h"
#include "injector/api/api.h"
#include "tracer/record/writer.h"

namespace rankle::testing {
namespace {

constexpr uint64_t kStart = 1'000'000'000'000;

uint64_t Ns(double seconds) { return kStart + static_cast<uint64_t>(seconds * 1e9 + 0.5); }

}  // namespace

bool JobBuilder::WriteRank(int rank, const std::string& path) const {
  record::ProcessIdentity identity;
  identity.rank = rank, identity.world_size = static_cast<int>(ranks_.size()), identity.pid = 1000 + rank;
  identity.job_id = 0xabc, identity.monotonic_ns = kStart, identity.realtime_ns = 1'700'000'000'000'000'000;
  identity.host = "node", identity.command = "synthetic";
  record::WriterOptions options;
  options.record_capacity = 4096;
  record::Writer writer;
  if (writer.Create(path.c_str(), options, identity) != 0) return false;
  std::vector<uint16_t> index(communicators_.size(), record::kNoComm);
  for (size_t c = 0; c < communicators_.size(); ++c) {
    for (size_t i = 0; i < communicators_[c].ranks.size(); ++i) {
      if (communicators_[c].ranks[i] != rank) continue;
      index[c] =
          writer.AddComm(1000 + c, 0, static_cast<int>(i), static_cast<int>(communicators_[c].ranks.size()),
                         rank, -1, communicators_[c].name.c_str(), Ns(0.01));
      writer.comm(index[c])->state = static_cast<uint32_t>(record::CommState::kReady);
      writer.comm(index[c])->ready_ns = Ns(0.02);
    }
  }
  for (const SequencedOp& s : ops_) {
    if (s.op.rank != rank) continue;
    record::NewRecord r;
    r.kind = record::Kind::kOperation, r.entered_ns = Ns(s.op.entered), r.api = api::FindApi(s.op.api)->id;
    r.comm = index[s.op.communicator], r.count = s.op.count, r.seq = s.seq, r.peer = s.op.peer,
    r.stream = s.op.stream;
    r.group = s.op.group, r.dtype = 7, r.redop = 0;
    record::Record* record = writer.Begin(r, record::State::kEntered);
    if (s.op.returned) record::Writer::SetReturned(record, r.entered_ns + 1000, 0, record::State::kEnqueued);
    if (s.op.started >= 0) record::Writer::SetStarted(record, Ns(s.op.started));
    if (s.op.finished >= 0) record::Writer::SetDeviceTimes(record, r.entered_ns + 1, Ns(s.op.finished));
  }
  const RankState& state = ranks_[rank];
  const bool alive = state.ended < 0 || state.by_launcher;
  writer.header()->heartbeat_ns = Ns(state.heartbeat >= 0 ? state.heartbeat
                                     : alive              ? observed_until_
                                                          : state.ended);
  return true;
}

bool JobBuilder::WriteTo(const std::string& directory) const {
  nlohmann::json processes = nlohmann::json::array();
  for (int rank = 0; rank < static_cast<int>(ranks_.size()); ++rank) {
    const RankState& state = ranks_[rank];
    if (!state.recorded) continue;
    if (!WriteRank(rank, absl::StrCat(directory, "/flight-", 1000 + rank, "-1.rkl"))) return false;
    nlohmann::json process = {{"pid", 1000 + rank}, {"rank", rank}, {"started_ns", kStart}};
    if (state.ended >= 0) {
      process["ended_ns"] = Ns(state.ended), process["exit_code"] = state.exit_code;
      process["signal"] = state.signal == 0 ? nlohmann::json() : nlohmann::json(state.signal);
      process["ended_by"] = state.by_launcher ? "rankle" : "itself";
    }
    processes.push_back(process);
  }
  std::ofstream file(directory + "/run.json");
  file << nlohmann::json{{"schema", "rankle.run/1"},
                         {"command", {"synthetic"}},
                         {"host", "node"},
                         {"n", ranks_.size()},
                         {"job_id", "abc"},
                         {"start_realtime_ns", 1'700'000'000'000'000'000},
                         {"start_monotonic_ns", kStart},
                         {"processes", processes}};
  return file.good();
}

}  // namespace rankle::testing
