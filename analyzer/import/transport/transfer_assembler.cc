#include "analyzer/import/transport/transfer_assembler.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "analyzer/import/transport/match_operations.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Transfer;
using transport::TransportRecord;

bool AnyCounted(const transport::Counts& counts) {
  return std::any_of(counts.begin(), counts.end(), [](uint32_t n) { return n != 0; });
}

class TransferAssembler {
 public:
  explicit TransferAssembler(store::Store& store) : store_(store) {}

  void Add(const TransportRecord& record) {
    process_ = FindProcess(record);
    if (process_ == kNone) {
      unmatched_ += record.links.size();
      return;
    }
    std::map<uint32_t, int32_t> communicators;
    for (const transport::CommRecord& comm : record.communicators)
      communicators[comm.index] = FindCommunicator(comm);
    for (const transport::LinkRecord& link : record.links) AddLink(link, communicators[link.key.comm]);
    const std::map<uint32_t, uint32_t> operations = AddOperations(record, communicators);
    for (const transport::OpenStep& step : record.open_steps)
      AddOpenStep(step, communicators[step.link.comm], operations);
    dropped_ += record.links_dropped + record.comms_dropped;
    store_.quality.malformed += record.malformed;
  }

  void Finish() {
    for (auto& [key, transfer] : transfers_) store_.transfers.push_back(std::move(transfer));
    std::sort(store_.progress.begin(), store_.progress.end(),
              [](const auto& a, const auto& b) { return a.operation < b.operation; });
    if (unmatched_ > 0) {
      store_.quality.notes.push_back(absl::StrCat(
          unmatched_, " links of transport records belong to no known communicator or rank; left out"));
    }
    if (dropped_ > 0) {
      store_.quality.notes.push_back(
          absl::StrCat("transport records were full ", dropped_, " times: not every link is in them"));
    }
  }

 private:
  int64_t Axis(uint64_t monotonic_ns) const {
    if (monotonic_ns == 0) return 0;
    return static_cast<int64_t>(monotonic_ns) + store_.processes[process_].clock_offset;
  }

  int32_t FindProcess(const TransportRecord& record) const {
    const auto it =
        std::find_if(store_.processes.begin(), store_.processes.end(), [&](const store::Process& p) {
          return p.pid == record.pid && p.host == record.host && p.job_id == record.job_id;
        });
    return it == store_.processes.end() ? kNone : static_cast<int32_t>(it - store_.processes.begin());
  }

  bool IsOfThisProcess(const store::Member& member) const {
    return member.rank >= 0 && store_.ranks[member.rank].process == process_;
  }

  // The communicator that this process was creating at that moment; of several the one begun last.
  int32_t FindCommunicator(const transport::CommRecord& comm) const {
    const int64_t created = Axis(comm.init_ns);
    int32_t best = kNone;
    int64_t best_entered = 0;
    for (int32_t c = 0; c < static_cast<int32_t>(store_.communicators.size()); ++c) {
      const auto& members = store_.communicators[c].members;
      if (comm.nranks > 0 && members.size() != static_cast<size_t>(comm.nranks)) continue;
      for (int32_t place = 0; place < static_cast<int32_t>(members.size()); ++place) {
        const store::Member& m = members[place];
        if ((comm.rank >= 0 && place != comm.rank) || !IsOfThisProcess(m)) continue;
        if (created < m.init_entered || (m.ready != 0 && created > m.ready)) continue;
        if (best == kNone || m.init_entered > best_entered) best = c, best_entered = m.init_entered;
      }
    }
    return best;
  }

  int32_t RankAt(int32_t communicator, uint32_t place) const {
    const auto& members = store_.communicators[communicator].members;
    return place < members.size() ? members[place].rank : kNone;
  }

  void AddLink(const transport::LinkRecord& link, int32_t communicator) {
    const int32_t self = communicator == kNone ? kNone : RankAt(communicator, link.key.self);
    const int32_t peer = communicator == kNone ? kNone : RankAt(communicator, link.key.peer);
    if (self == kNone || peer == kNone) {
      ++unmatched_;
      return;
    }
    const int32_t source = link.key.is_send ? self : peer, destination = link.key.is_send ? peer : self;
    const auto channel = static_cast<int32_t>(link.key.channel);
    Transfer& t = transfers_[{communicator, source, destination, channel}];
    t.communicator = communicator, t.source = source, t.destination = destination, t.channel = channel;
    t.bytes =
        std::max(t.bytes, link.bytes);  // a source that cannot tell when it sends does not tell how much
    if (!link.key.is_send) {
      t.has_destination = true;
      t.expected += link.posted, t.received += link.moved;
      t.last_received = std::max(t.last_received, Axis(link.last_moved_ns));
      return;
    }
    t.has_source = true;
    t.posted += link.posted, t.sent += link.moved;
    t.last_posted = std::max(t.last_posted, Axis(link.last_posted_ns));
    t.last_sent = std::max(t.last_sent, Axis(link.last_moved_ns));
    AddTimes(link.times, 0, 0, link.bytes, t.life);
    for (const transport::TimesOfWindow& w : link.windows)
      AddTimes(w.times, Axis(w.begin_ns), Axis(w.end_ns), w.bytes, t.windows);
  }

  int32_t PlaceOfThisProcess(int32_t communicator) const {
    const auto& members = store_.communicators[communicator].members;
    const auto it =
        std::find_if(members.begin(), members.end(), [&](const auto& m) { return IsOfThisProcess(m); });
    return it == members.end() ? kNone : static_cast<int32_t>(it - members.begin());
  }

  // Number in the record -> index into the store's operations.
  std::map<uint32_t, uint32_t> AddOperations(const TransportRecord& record,
                                             const std::map<uint32_t, int32_t>& communicators) {
    std::map<uint32_t, uint32_t> numbers;
    for (const transport::CommRecord& comm : record.communicators) {
      const int32_t communicator = communicators.at(comm.index);
      if (communicator == kNone) continue;
      // A process may drive several devices: then only the place that the record tells is certain.
      const int32_t place = comm.rank >= 0 ? comm.rank : PlaceOfThisProcess(communicator);
      std::vector<transport::OperationRecord> of_comm;
      std::copy_if(record.operations.begin(), record.operations.end(), std::back_inserter(of_comm),
                   [&](const auto& o) { return o.comm == comm.index; });
      const int64_t offset = store_.processes[process_].clock_offset;
      for (const OperationMatch& match : MatchOperations(store_, communicator, place, of_comm, offset)) {
        const transport::OperationRecord& o = of_comm[match.record];
        numbers[o.number] = match.operation;
        store_.progress.push_back({match.operation, Axis(o.begun_ns), Axis(o.first_posted_ns),
                                   Axis(o.last_moved_ns), o.bytes, o.open, o.posted[transport::kSends],
                                   o.moved[transport::kSends], o.posted[transport::kReceives],
                                   o.moved[transport::kReceives]});
      }
    }
    return numbers;
  }

  void AddOpenStep(const transport::OpenStep& step, int32_t communicator,
                   const std::map<uint32_t, uint32_t>& operations) {
    if (!step.link.is_send || step.moving_ns == 0 || communicator == kNone) return;
    const auto it =
        transfers_.find({communicator, RankAt(communicator, step.link.self),
                         RankAt(communicator, step.link.peer), static_cast<int32_t>(step.link.channel)});
    if (it == transfers_.end()) return;
    Transfer& t = it->second;
    const int64_t since = Axis(step.moving_ns);
    if (t.moving++ != 0 && since >= t.moving_since) return;
    const auto operation = operations.find(step.operation);
    t.moving_since = since;
    t.moving_operation = operation == operations.end() ? kNone : static_cast<int64_t>(operation->second);
  }

  static void AddTimes(const std::array<transport::Counts, transport::kMeasures>& times, int64_t begin,
                       int64_t end, uint64_t bytes, std::vector<Transfer::Times>& to) {
    for (int m = 0; m < transport::kMeasures; ++m) {
      if (!AnyCounted(times[m])) continue;
      to.push_back({begin, end, m == static_cast<int>(transport::Measure::kInverseRate), bytes,
                    std::vector<uint32_t>(times[m].begin(), times[m].end())});
    }
  }

  store::Store& store_;
  int32_t process_ = kNone;  // of the record being added
  std::map<std::tuple<int32_t, int32_t, int32_t, int32_t>, Transfer> transfers_;
  size_t unmatched_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace

void AddTransfers(const std::vector<TransportRecord>& records, store::Store& store) {
  TransferAssembler assembler(store);
  for (const TransportRecord& record : records) assembler.Add(record);
  assembler.Finish();
}

}  // namespace rankle::import
