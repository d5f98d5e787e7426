#include "tests/synthetic_job/records.h"

#include <cerrno>
#include <deque>

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"
#include "tracer/record/writer.h"

namespace rankle::synthetic {
namespace {

constexpr int kRanksPerHost = 8;
constexpr uint64_t kRealStart = 1'700'000'000'000'000'000;
// Hosts were booted at different times, so their monotonic clocks differ.
constexpr uint64_t kMonotonicStart = 1'000'000'000'000, kBootSpread = 7'000'000'000;
constexpr uint64_t kJobId = 0x5ca1e;
constexpr int64_t kHostCallNs = 2'000;         // a call returns; the device goes on
constexpr int64_t kWaitedNs = 10'000'000'000;  // how long a hung job was watched
constexpr uint8_t kBfloat16 = 9, kSum = 0, kNone = 0xff;
constexpr const char* kCalls[] = {"ncclAllReduce", "ncclReduceScatter", "ncclSend", "ncclRecv"};
constexpr const char* kAxisNames[kAxes] = {"tp", "pp", "dp", "world"};

class RecordSink : public JobSink {
 public:
  RecordSink(const JobSpec& spec, std::string directory)
      : spec_(spec), directory_(std::move(directory)), files_(static_cast<size_t>(spec.ranks)) {
    for (const char* call : kCalls) api_ids_.push_back(api::FindApi(call)->id);
  }

  absl::Status Open() {
    for (int r = 0; r < spec_.ranks; ++r) {
      if (absl::Status status = OpenRank(r); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void Step(int rank, int step, int64_t time) override {
    record::NewRecord mark;
    mark.kind = record::Kind::kMark;
    mark.entered_ns = Monotonic(rank, time), mark.count = static_cast<uint64_t>(step);
    files_[rank].writer.Write(mark);
  }

  void Issue(const Operation& o) override {
    File& file = files_[o.rank];
    const auto axis = static_cast<size_t>(o.axis);
    const bool p2p = o.peer >= 0;
    record::NewRecord row;
    row.kind = record::Kind::kOperation;
    row.entered_ns = Monotonic(o.rank, o.entered);
    row.api = api_ids_[static_cast<size_t>(o.call)], row.comm = file.comm[axis];
    row.count = o.count, row.peer = o.peer, row.stream = 1 + static_cast<uint32_t>(axis);
    row.dtype = kBfloat16, row.redop = p2p ? kNone : kSum;
    auto* entry = file.writer.comm(row.comm);
    auto& last = p2p ? entry->last_p2p_seq : entry->last_seq;
    row.seq = last.fetch_add(1) + 1;
    record::Record* record = file.writer.Begin(row, record::State::kEntered);
    record::Writer::SetReturned(record, row.entered_ns + kHostCallNs, 0, record::State::kEnqueued);
    if (o.finished != 0) {
      record::Writer::SetDeviceTimes(record, row.entered_ns + kHostCallNs, Monotonic(o.rank, o.finished));
    } else {
      record::Writer::SetStarted(record, row.entered_ns + kHostCallNs);
    }
  }

  // Everybody's last sign of life, and how it left. Returns the number of records.
  uint64_t Close(int64_t end) {
    uint64_t records = 0;
    const bool hangs = spec_.fault == Fault::kHang || spec_.fault == Fault::kMismatch;
    for (int r = 0; r < spec_.ranks; ++r) {
      record::FileHeader* header = files_[r].writer.header();
      header->heartbeat_ns = Monotonic(r, hangs ? end + kWaitedNs : end);
      header->ended = !hangs;
      records += header->next_ticket;  // every ticket was used: the ring is large enough
    }
    return records;
  }

 private:
  struct File {
    record::Writer writer;
    uint16_t comm[kAxes] = {};
  };

  static uint64_t Boot(int rank) {
    return kMonotonicStart + static_cast<uint64_t>(rank / kRanksPerHost) * kBootSpread;
  }
  static uint64_t Monotonic(int rank, int64_t time) { return Boot(rank) + static_cast<uint64_t>(time); }

  absl::Status OpenRank(int r) {
    const std::string host = absl::StrCat("node", r / kRanksPerHost);
    record::ProcessIdentity identity;
    identity.rank = r, identity.world_size = spec_.ranks, identity.pid = 1000 + r;
    identity.local_rank = r % kRanksPerHost, identity.local_world_size = kRanksPerHost;
    identity.job_id = kJobId, identity.monotonic_ns = Boot(r), identity.realtime_ns = kRealStart;
    identity.host = host.c_str(), identity.command = "synthetic_job";
    record::WriterOptions options;
    // Slot 0 of the ring is used last, so one more than is written.
    options.record_capacity = static_cast<uint32_t>(RecordsPerRank(spec_) + kAxes + 1);
    options.comm_capacity = kAxes, options.site_capacity = 1, options.string_capacity = 1;
    const std::string path = absl::StrCat(directory_, "/flight-", identity.pid, "-1.rkl");
    if (const int error = files_[r].writer.Create(path.c_str(), options, identity); error != 0)
      return absl::ErrnoToStatus(error, absl::StrCat(path, ": cannot be written"));
    for (int a = 0; a < kAxes; ++a) AddCommunicator(r, static_cast<Axis>(a));
    return absl::OkStatus();
  }

  void AddCommunicator(int r, Axis axis) {
    const Group group = GroupOf(spec_, axis, r);
    if (group.size < 2) return;
    record::Writer& writer = files_[r].writer;
    const auto a = static_cast<size_t>(axis);
    const uint64_t begin = Monotonic(r, 1'000'000), end = Monotonic(r, 40'000'000);
    const uint64_t id = (static_cast<uint64_t>(a) + 1) << 32 | static_cast<uint32_t>(group.first);
    files_[r].comm[a] =
        writer.AddComm(id, 0, group.MemberOf(r), group.size, r % kRanksPerHost, -1, kAxisNames[a], begin);
    record::CommEntry* entry = writer.comm(files_[r].comm[a]);
    entry->state = static_cast<uint32_t>(record::CommState::kReady);
    entry->ready_ns = end;
    record::NewRecord call;
    call.kind = record::Kind::kCall, call.entered_ns = begin, call.comm = files_[r].comm[a];
    call.api = api::FindApi("ncclCommInitRank")->id;
    record::Writer::SetReturned(writer.Begin(call, record::State::kEntered), end, 0, record::State::kDone);
  }

  const JobSpec& spec_;
  const std::string directory_;
  std::vector<uint16_t> api_ids_;  // by Call
  std::deque<File> files_;         // by rank
};

}  // namespace

absl::StatusOr<uint64_t> WriteFlightRecords(const JobSpec& spec, const std::string& directory) {
  if (absl::Status status = Check(spec); !status.ok()) return status;
  RecordSink sink(spec, directory);
  if (absl::Status status = sink.Open(); !status.ok()) return status;
  return sink.Close(Simulate(spec, sink));
}

}  // namespace rankle::synthetic
