#include "analyzer/import/tool_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/host_clocks.h"
#include "analyzer/import/merged_order.h"
#include "analyzer/import/rank_numbers.h"
#include "analyzer/import/tool_links.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

class JobBuilder {
 public:
  JobBuilder(std::vector<ToolLog> logs, const Tool& tool, Store& store)
      : logs_(std::move(logs)), tool_(tool), store_(store) {}

  void Build() {
    FindCommunicators();
    FindDevices();
    NumberCollectives();
    PlaceOnAxis();
    AddProcesses();
    AddCommunicators();
    for (size_t l = 0; l < logs_.size(); ++l) AddOperations(l);
    store_.source = tool_.source;
    store_.device_times = false, store_.durations_known = true, store_.end_is_observed = false;
    store_.streams_known = false;
    store_.quality.certainty = tool_.certainty;
    RelateClocks();
    AddLinks();
    Describe();
    store_.Finish();
  }

 private:
  using CommKey = std::pair<uint64_t, int32_t>;  // id, size

  void FindCommunicators() {
    std::map<CommKey, int32_t> index;
    for (const ToolLog& log : logs_) {
      std::vector<int32_t>& own = communicator_of_.emplace_back();
      for (const ToolCommunicator& c : log.communicators) {
        const CommKey key(c.id, c.size);
        auto it = index.find(key);
        if (it == index.end()) {
          const bool fits = places_ + c.size <= kMostPlaces;
          if (fits) places_ += c.size, communicators_.push_back(c);
          it = index.emplace(key, fits ? static_cast<int32_t>(communicators_.size()) - 1 : kNone).first;
          left_out_ += !fits;
        }
        if (it->second != kNone && communicators_[it->second].name.empty())
          communicators_[it->second].name = c.name;
        own.push_back(it->second);
      }
    }
  }

  // A process has a device for each of its ranks in a communicator, in order.
  void FindDevices() {
    std::vector<DevicePlace> places;
    for (size_t l = 0; l < logs_.size(); ++l) {
      std::map<int32_t, std::set<int32_t>> ranks;
      for (const ToolOperation& o : logs_[l].operations) {
        if (const int32_t c = communicator_of_[l][o.communicator]; c != kNone) ranks[c].insert(o.rank);
      }
      const size_t first = log_of_device_.size();
      for (const auto& [c, own] : ranks) {
        size_t device = first;
        for (const int32_t rank : own) {
          if (device == log_of_device_.size()) log_of_device_.push_back(l);
          if (device_at_.try_emplace({c, rank}, static_cast<int32_t>(device)).second)
            places.push_back({c, rank, static_cast<int32_t>(device)});
          ++device;
        }
      }
    }
    std::vector<int32_t> sizes;
    for (const ToolCommunicator& c : communicators_) sizes.push_back(c.size);
    numbers_ = NumberDevices(sizes, places, static_cast<int32_t>(log_of_device_.size()));
  }

  int32_t DeviceAt(size_t l, const ToolOperation& o) const {
    const auto it = device_at_.find({communicator_of_[l][o.communicator], o.rank});
    // A place that another process holds, too: two jobs in one directory, or a restart.
    return it == device_at_.end() || log_of_device_[it->second] != l ? kNone : it->second;
  }

  void NumberCollectives() {
    std::vector<std::map<std::pair<size_t, int32_t>, std::vector<uint64_t>>> lists(communicators_.size());
    for (size_t l = 0; l < logs_.size(); ++l) {
      for (const ToolOperation& o : logs_[l].operations) {
        if (const int32_t c = communicator_of_[l][o.communicator]; c != kNone && !o.p2p)
          lists[c][{l, o.rank}].push_back(CollectiveKey(o.api, o.number));
      }
    }
    sequences_.resize(communicators_.size());
    for (size_t c = 0; c < lists.size(); ++c) {
      std::vector<std::vector<uint64_t>> of_ranks;
      for (auto& [rank, list] : lists[c]) of_ranks.push_back(std::move(list));
      uint32_t sequence = 0;
      for (const uint64_t key : MergeOrders(std::move(of_ranks))) sequences_[c][key] = ++sequence;
    }
  }

  // Its end and how long it took are both not told.
  static bool IsOpen(const ToolOperation& o) {
    return o.finished_ns == 0 && o.dumped_ns == 0 && o.duration_ns == 0;
  }

  // When an operation ended, on the clock of its log, as far as it is told.
  int64_t EndOf(size_t l, const ToolOperation& o) const {
    if (o.finished_ns != 0) return o.finished_ns;
    const auto it = o.p2p
                        ? dumped_.end()
                        : dumped_.find({communicator_of_[l][o.communicator], CollectiveKey(o.api, o.number)});
    if (it != dumped_.end()) return it->second;
    return o.dumped_ns != 0 ? o.dumped_ns : undated_ns_;
  }
  int64_t StartOf(size_t l, const ToolOperation& o) const {
    return std::max<int64_t>(0, EndOf(l, o) - o.duration_ns);
  }

  void PlaceOnAxis() {
    for (size_t l = 0; l < logs_.size(); ++l) {
      for (const ToolOperation& o : logs_[l].operations) {
        if (IsOpen(o)) {
          ++open_;
          continue;
        }
        ++all_, timed_ += o.finished_ns != 0;
        if (o.p2p || o.finished_ns != 0 || o.dumped_ns == 0) continue;
        const auto [it, added] = dumped_.try_emplace(
            {communicator_of_[l][o.communicator], CollectiveKey(o.api, o.number)}, o.dumped_ns);
        if (!added) it->second = std::min(it->second, o.dumped_ns);
      }
    }
    // What has no time at all goes to the beginning: its duration still counts.
    int64_t longest = 0, first = INT64_MAX;
    for (const ToolLog& log : logs_) {
      for (const ToolOperation& o : log.operations) {
        longest = std::max(longest, o.duration_ns);
        for (const int64_t time : {o.dumped_ns, o.finished_ns})
          first = time == 0 ? first : std::min(first, time);
      }
    }
    undated_ns_ = first == INT64_MAX ? longest + 1 : first;
    origin_ns_ = INT64_MAX;
    int64_t last = 0;
    for (size_t l = 0; l < logs_.size(); ++l) {
      for (const ToolOperation& o : logs_[l].operations) {
        const int64_t start = IsOpen(o) ? o.called_ns : StartOf(l, o);
        origin_ns_ = std::min({origin_ns_, start, o.called_ns == 0 ? start : o.called_ns});
        last = std::max({last, IsOpen(o) ? o.called_ns : EndOf(l, o), o.dumped_ns});
      }
    }
    store_.observed_until = OnAxis(last);
  }
  int64_t OnAxis(int64_t ns) const { return ns == 0 ? 0 : 1 + std::max<int64_t>(ns - origin_ns_, 0); }

  void AddProcesses() {
    std::map<int32_t, int32_t> device_of_rank;
    for (size_t d = 0; d < log_of_device_.size(); ++d)
      device_of_rank[numbers_.of_device[d]] = static_cast<int32_t>(d);
    dense_.assign(log_of_device_.size(), kNone);
    for (const auto& [global, device] : device_of_rank) {
      const ToolLog& log = logs_[log_of_device_[device]];
      store::Process p;
      p.host = log.host, p.pid = log.pid, p.rank = global, p.source = log.file;
      p.started = 1, p.last_seen = p.heartbeat = store_.observed_until;
      p.cut = log.cut, p.malformed = log.malformed;
      dense_[device] = static_cast<int32_t>(store_.ranks.size());
      store_.ranks.push_back({global, static_cast<int32_t>(store_.processes.size())});
      store_.processes.push_back(std::move(p));
    }
    store_.world_size = numbers_.world_size;
    for (int32_t r = 0; numbers_.certain && r < numbers_.world_size; ++r) {
      if (!device_of_rank.contains(r)) store_.quality.missing_ranks.push_back(r);
    }
  }

  void AddCommunicators() {
    for (size_t c = 0; c < communicators_.size(); ++c) {
      store::Communicator& made = store_.communicators.emplace_back();
      made.id = c + 1;
      made.name = communicators_[c].name.empty() ? absl::StrCat("comm 0x", absl::Hex(communicators_[c].id))
                                                 : communicators_[c].name;
      made.members.resize(static_cast<size_t>(communicators_[c].size));
      if (static_cast<int32_t>(c) != numbers_.world) continue;
      for (int32_t r = 0; r < communicators_[c].size; ++r) made.members[r].global = r;
    }
    for (const auto& [place, device] : device_at_) {
      store::Member& m = store_.communicators[place.first].members[place.second];
      m.rank = dense_[device], m.global = numbers_.of_device[device], m.state = store::CommState::kReady;
      // What has no record was overwritten, too small or not timed; it did happen.
      m.last_seq = static_cast<uint32_t>(sequences_[place.first].size());
    }
  }

  void AddOperations(size_t l) {
    absl::flat_hash_set<std::tuple<int32_t, int32_t, uint64_t>> seen;  // collectives
    for (const ToolOperation& o : logs_[l].operations) {
      const int32_t device = DeviceAt(l, o), c = communicator_of_[l][o.communicator];
      if (device == kNone) {
        strangers_ += c != kNone;
        continue;
      }
      store::Operation row;
      row.rank = dense_[device], row.communicator = c, row.member = o.rank;
      row.api = o.api, row.p2p = o.p2p, row.peer = o.peer, row.state = store::OpState::kDone;
      store::Member& member = store_.communicators[c].members[o.rank];
      if (o.p2p) {
        row.seq = ++member.last_p2p_seq;  // p2p_sn has holes, and each rank its own
      } else {
        const uint64_t key = CollectiveKey(o.api, o.number);
        if (!seen.insert({c, o.rank, key}).second) {
          ++store_.quality.malformed;
          continue;
        }
        row.seq = sequences_[c].at(key);
        row.count = o.count;
      }
      SetTimes(l, o, row);
      store_.AddOperation(row);
    }
  }

  void SetTimes(size_t l, const ToolOperation& o, store::Operation& row) const {
    row.entered = row.returned = OnAxis(o.called_ns);
    if (IsOpen(o)) {
      row.state = store::OpState::kUntracked;  // its end was not recorded, which proves nothing
      return;
    }
    row.finished = OnAxis(EndOf(l, o));
    if (o.duration_ns != 0) row.started = OnAxis(StartOf(l, o));
    const int64_t begun = row.started != 0 ? row.started : row.finished;
    row.entered = row.returned = row.entered == 0 ? begun : std::min(row.entered, begun);
  }

  // Of hosts, or of processes that each have their own clock. Without times of all operations there is
  // nothing to relate.
  void RelateClocks() {
    if (all_ == 0 || timed_ < all_) return;
    const bool own =
        std::any_of(logs_.begin(), logs_.end(), [](const ToolLog& log) { return log.own_clock; });
    std::vector<std::string> hosts;
    for (store::Process& p : store_.processes) {
      hosts.push_back(p.host);
      if (own) p.host = absl::StrCat(hosts.size());
    }
    store_.clocks = EstimateClocks(store_);
    AlignClocks(store_.clocks, store_);
    for (size_t i = 0; i < hosts.size(); ++i) store_.processes[i].host = hosts[i];
    if (own) {
      const auto unrelated = std::count_if(store_.clocks.begin(), store_.clocks.end(),
                                           [](const store::HostClock& c) { return c.samples == 0; });
      if (unrelated > 1)  // one is the reference
        Note(absl::StrCat(unrelated - 1,
                          " processes finished no collective together with others: their times "
                          "cannot be related"));
      store_.clocks.clear();
    }
    BeginAtOne();
  }

  // Corrected clocks may lead before the beginning of the axis.
  void BeginAtOne() {
    store::Operations& o = store_.operations;
    const std::vector<int64_t>* const columns[] = {&o.entered, &o.returned, &o.started, &o.finished};
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (const auto* column : columns) {
      for (const int64_t t : *column) {
        if (t != 0) first = std::min(first, t), last = std::max(last, t);
      }
    }
    if (first > last) return;
    for (auto* column : {&o.entered, &o.returned, &o.started, &o.finished}) {
      for (int64_t& t : *column) t = t == 0 ? 0 : t - first + 1;
    }
    store_.observed_until = last - first + 1;
    for (store::Process& p : store_.processes)
      p.started = 1, p.last_seen = p.heartbeat = store_.observed_until;
  }

  void AddLinks() {
    ToolLinks links;
    for (size_t l = 0; l < logs_.size(); ++l) {
      for (const ToolLink& link : logs_[l].links) {
        const int32_t c = communicator_of_[l][link.communicator];
        const auto self = device_at_.find({c, link.rank}), peer = device_at_.find({c, link.peer});
        // A peer without a record has no rank in the store.
        if (self == device_at_.end() || peer == device_at_.end()) continue;
        links.Add(link, c, dense_[self->second], dense_[peer->second]);
      }
    }
    store_.transfers = links.Take();
    if (store_.transfers.empty()) return;
    // The time that they are compared with: as far as the records reach.
    for (store::Transfer& t : store_.transfers) t.last_sent = t.has_source ? store_.observed_until : 0;
    for (store::Communicator& c : store_.communicators) {
      for (store::Member& m : c.members) m.ready = m.rank == kNone ? 0 : 1;
    }
  }

  void Note(std::string text) { store_.quality.notes.push_back(std::move(text)); }
  void NoteCount(uint64_t count, const char* what) {
    if (count > 0) Note(absl::StrCat(count, what));
  }

  void Describe() {
    uint64_t unknown = 0, on_host = 0;
    for (const ToolLog& log : logs_) {
      store_.quality.malformed += log.malformed, store_.quality.cut_files += log.cut;
      unknown += log.unknown_functions;
      for (const ToolOperation& o : log.operations) on_host += !o.timed_on_device;
    }
    Note(tool_.limits);
    if (timed_ < all_) {
      Note(
          absl::StrCat("durations only for ", all_ - timed_, " of ", all_,
                       " operations (NCCL_INSPECTOR_DUMP_VERBOSE=1 adds times): their times are those of the "
                       "dump, all ranks leaving together"));
    }
    NoteCount(open_, " operations whose end is not recorded: they were not timed, or had not ended");
    if (!numbers_.certain)
      Note(
          "no communicator has all processes: ranks are those of the largest one, others were numbered in "
          "order");
    NoteCount(on_host, " operations were timed by the host that polled, not by the device");
    NoteCount(unknown, " records of functions that are not known, left out");
    NoteCount(strangers_,
              " records of a rank that another process has, too (a restart, or two jobs), left out");
    NoteCount(left_out_, " communicators are larger than any job and were left out");
  }

  std::vector<ToolLog> logs_;
  const Tool& tool_;
  Store& store_;
  std::vector<ToolCommunicator> communicators_;
  std::vector<std::vector<int32_t>> communicator_of_;         // by log and its communicators
  std::map<std::pair<int32_t, int32_t>, int32_t> device_at_;  // communicator, rank in it
  std::vector<size_t> log_of_device_;
  std::vector<int32_t> dense_;  // by device: index in store
  RankNumbers numbers_;
  std::vector<absl::flat_hash_map<uint64_t, uint32_t>> sequences_;     // by communicator: key -> number
  absl::flat_hash_map<std::pair<int32_t, uint64_t>, int64_t> dumped_;  // collective -> earliest dump
  int64_t places_ = 0, origin_ns_ = 0, undated_ns_ = 0;
  uint64_t all_ = 0, timed_ = 0, open_ = 0, left_out_ = 0, strangers_ = 0;
};

}  // namespace

absl::Status BuildToolStore(std::vector<ToolLog> logs, const Tool& tool, Store& store) {
  const bool any =
      std::any_of(logs.begin(), logs.end(), [](const ToolLog& log) { return !log.operations.empty(); });
  if (!any) {
    return absl::InvalidArgumentError(
        absl::StrCat(logs.empty() ? "no file" : logs.front().file, ": no operation that can be used"));
  }
  JobBuilder(std::move(logs), tool, store).Build();
  return absl::OkStatus();
}

}  // namespace rankle::import
