#include "analyzer/import/flight_recorder/dump_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/import/flight_recorder/dump_groups.h"
#include "analyzer/import/flight_recorder/dump_ranks.h"
#include "analyzer/store/operation_flags.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

// The most that dumps alone can prove: they show what was unfinished, but neither when they were written nor
// what the devices did.
constexpr double kCertainty = 0.85;
// Ranks that were numbered by the order of their files could be anybody.
constexpr double kCertaintyGuessed = 0.5;
// Operations that only pg_status knows of are entered up to this number for each group and rank: waiting
// shows in the first.
constexpr int64_t kMostImplied = 64;

// FNV-1a: communicators need an id that is the same in every analysis.
uint64_t HashOf(const JobGroup& group) {
  uint64_t hash = 14695981039346656037u;
  const auto mix = [&](const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211u;
  };
  mix(group.name.data(), group.name.size());
  mix(group.description.data(), group.description.size());
  mix(group.ranks.data(), group.ranks.size() * sizeof(int32_t));
  return hash == 0 ? 1 : hash;
}

int64_t NumberOf(const DumpEntry& e) { return e.p2p ? e.p2p_seq : e.collective_seq; }

class JobBuilder {
 public:
  JobBuilder(std::vector<Dump> dumps, Store& store) : dumps_(std::move(dumps)), store_(store) {
    DumpRanks who = RanksOf(dumps_);
    Note(who.notes);
    store_.quality.certainty = who.guessed ? kCertaintyGuessed : kCertainty;
    rank_of_dump_ = std::move(who.ranks);
  }

  void Build() {
    const DumpGroups groups(dumps_, rank_of_dump_);
    groups_ = &groups;
    FindTimes();
    AddRanks();
    AddCommunicators();
    TakeStatuses();
    size_t entries = 0;
    for (const Dump& dump : dumps_) entries += dump.entries.size();
    store_.operations.reserve(entries);
    for (const size_t d : by_rank_) AddEntries(d);
    for (const size_t d : by_rank_) AddImplied(d);
    SetFrontiers();
    store_.source = "pytorch-flight-recorder";
    store_.streams_known = store_.device_times = store_.end_is_observed = false;
    Describe();
    store_.Finish();
  }

 private:
  // What one rank's dump tells of its part in one group.
  struct Part {
    int64_t enqueued = kAbsent, completed = kAbsent;  // pg_status
    int64_t last = 0;                                 // highest number of a collective in its entries
    int64_t last_entered = 1;                         // and when it was issued
    bool has_entries = false;
    absl::flat_hash_set<int64_t> unfinished;  // collectives that are entries
  };
  static uint64_t Key(size_t dump, int32_t group) {
    return static_cast<uint64_t>(dump) << 32 | static_cast<uint32_t>(group);
  }

  void Note(const std::vector<std::string>& notes) {
    store_.quality.notes.insert(store_.quality.notes.end(), notes.begin(), notes.end());
  }
  const JobGroup& GroupAt(int32_t group) const { return groups_->groups()[group]; }
  int64_t OnAxis(int64_t time) const { return time == 0 ? 0 : std::max<int64_t>(time - origin_ + 1, 1); }

  void FindTimes() {
    int64_t first = INT64_MAX, last = 0;
    for (const Dump& dump : dumps_) {
      for (const DumpEntry& e : dump.entries) {
        if (e.created != 0) first = std::min(first, e.created);
        last = std::max({last, e.created, e.started, e.completed});
        types_are_told_ = types_are_told_ && (e.has_types || e.closes_group);
      }
    }
    origin_ = first == INT64_MAX ? 0 : first;
    store_.observed_until = std::max<int64_t>(OnAxis(last), 1);
  }

  void AddRanks() {
    for (size_t d = 0; d < dumps_.size(); ++d) {
      if (rank_of_dump_[d] >= 0) by_rank_.push_back(d);
    }
    std::sort(by_rank_.begin(), by_rank_.end(),
              [&](size_t a, size_t b) { return rank_of_dump_[a] < rank_of_dump_[b]; });
    index_of_dump_.assign(dumps_.size(), kNone);
    for (const size_t d : by_rank_) {
      const Dump& dump = dumps_[d];
      index_of_dump_[d] = static_cast<int32_t>(store_.ranks.size());
      dense_[rank_of_dump_[d]] = index_of_dump_[d];
      store::Process process;
      process.rank = rank_of_dump_[d], process.source = dump.file;
      for (const DumpEntry& e : dump.entries) {
        process.last_seen =
            std::max({process.last_seen, OnAxis(e.created), OnAxis(e.started), OnAxis(e.completed)});
        if (e.place >= 0) process.place = dump.places[e.place];
      }
      // Not from the first record on: the ring has forgotten some, or only the unfinished were written.
      process.overwritten = dump.entries.empty() || dump.entries.front().record != 0 ? 1 : 0;
      store_.ranks.push_back({rank_of_dump_[d], static_cast<int32_t>(store_.processes.size())});
      store_.processes.push_back(std::move(process));
    }
  }

  void AddCommunicators() {
    std::set<int32_t> all;
    for (const auto& [rank, index] : dense_) all.insert(rank);
    for (const JobGroup& group : groups_->groups()) {
      store::Communicator& c = store_.communicators.emplace_back();
      c.id = HashOf(group), c.name = group.Title();
      c.members.resize(std::max(group.ranks.size(), static_cast<size_t>(std::max(group.least_size, 0))));
      for (size_t place = 0; place < group.ranks.size(); ++place) {
        store::Member& member = c.members[place];
        const auto it = dense_.find(group.ranks[place]);
        member.global = group.ranks[place];
        member.rank = it == dense_.end() ? kNone : it->second;
        member.state = store::CommState::kReady;
      }
      if (group.told) all.insert(group.ranks.begin(), group.ranks.end());
    }
    store_.world_size = static_cast<int32_t>(all.size());
    for (const int32_t rank : all) {
      if (!dense_.contains(rank)) store_.quality.missing_ranks.push_back(rank);
    }
  }

  void TakeStatuses() {
    uint64_t unresolved = 0;
    for (const size_t d : by_rank_) {
      for (size_t s = 0; s < dumps_[d].statuses.size(); ++s) {
        const DumpStatus& status = dumps_[d].statuses[s];
        const int32_t g = groups_->OfStatus(d, s);
        if (g >= 0) {
          Part& part = parts_[Key(d, g)];
          part.enqueued = status.enqueued, part.completed = status.completed;
        } else {
          unresolved += status.enqueued != kAbsent;
        }
      }
    }
    if (unresolved > 0) {
      Note(
          {absl::StrCat(unresolved, " entries of pg_status belong to groups that cannot be told, not used")});
    }
  }

  // Operations of one group, kind and pair run in order.
  uint32_t StreamOf(int32_t group, const DumpEntry& e) {
    const auto pair = std::minmax(e.self, e.peer);
    const std::tuple key(group, e.p2p ? pair.first : -1, e.p2p ? pair.second : -1);
    return streams_.try_emplace(key, static_cast<uint32_t>(streams_.size() + 1)).first->second;
  }

  void AddEntries(size_t d) {
    const Dump& dump = dumps_[d];
    int64_t previous = 1;
    for (const DumpEntry& e : dump.entries) {
      const int32_t g = groups_->OfEntry(d, e);
      const int32_t place = g < 0 ? -1 : GroupAt(g).PlaceOf(rank_of_dump_[d]);
      if (place < 0) {
        ++unplaced_;
        continue;
      }
      Part& part = parts_[Key(d, g)];
      part.has_entries = true;
      if (e.collective_seq >= part.last)
        part.last = e.collective_seq, part.last_entered = std::max<int64_t>(OnAxis(e.created), 1);
      if (e.closes_group && e.p2p) continue;  // sends and receives that the ring forgot
      const bool counted = !e.p2p && !GroupAt(g).has_p2p;
      const bool done = e.is_done || (counted && e.collective_seq <= part.completed);
      if (counted && !done) part.unfinished.insert(e.collective_seq);
      previous = e.created == 0 ? previous : OnAxis(e.created);
      timed_out_ += e.has_timed_out && !done;
      store::Operation row;
      row.rank = index_of_dump_[d], row.communicator = g, row.member = place;
      row.api = e.api, row.p2p = e.p2p, row.peer = e.peer, row.group = e.coalesced;
      row.seq = static_cast<uint32_t>(std::clamp<int64_t>(NumberOf(e), 0, UINT32_MAX));
      row.entered = previous, row.stream = StreamOf(g, e);
      row.started = e.has_started && !done ? std::max(OnAxis(e.started), row.entered) : 0;
      // When somebody noticed, which is all there is; device_times says so.
      if (done && !e.is_open) row.finished = std::max(OnAxis(e.completed), row.entered);
      row.count = e.sizes_agree || e.p2p ? e.count : 0;
      row.dtype = types_are_told_ ? e.dtype : 0xff;
      row.state = e.is_open ? store::OpState::kIssued
                  : done    ? store::OpState::kDone
                            : store::OpState::kEnqueued;
      if (!e.p2p && !done) first_of_[{g, row.seq}] = {row.api, row.entered};
      store_.AddOperation(row);
    }
  }

  // Unfinished collectives that pg_status counts and the ring has forgotten.
  void AddImplied(size_t d) {
    for (size_t s = 0; s < dumps_[d].statuses.size(); ++s) {
      const int32_t g = groups_->OfStatus(d, s);
      const int32_t place = g < 0 || GroupAt(g).has_p2p ? -1 : GroupAt(g).PlaceOf(rank_of_dump_[d]);
      if (place < 0) continue;
      const Part& part = parts_[Key(d, g)];
      if (part.enqueued == kAbsent) continue;
      const int64_t completed = std::max<int64_t>(part.completed, 0);
      for (int64_t n = completed + 1; n <= std::min(part.enqueued, completed + kMostImplied); ++n) {
        if (n > UINT32_MAX || part.unfinished.contains(n)) continue;
        const auto peer = first_of_.find({g, static_cast<uint32_t>(n)});
        store::Operation row;
        row.rank = index_of_dump_[d], row.communicator = g, row.member = place;
        row.seq = static_cast<uint32_t>(n), row.state = store::OpState::kEnqueued;
        row.flags = store::kFlagOnlyCounted;
        row.api = peer == first_of_.end() ? uint16_t{0} : peer->second.first;
        row.entered = peer == first_of_.end() ? 1 : peer->second.second;
        // What the entries do not hold yet was issued after them.
        if (n > part.last) row.entered = std::max(row.entered, part.last_entered);
        row.stream = StreamOf(g, DumpEntry{});
        store_.AddOperation(row);
        ++implied_;
      }
    }
  }

  // How far each rank came in collectives that are no longer entries.
  void SetFrontiers() {
    for (const auto& [key, part] : parts_) {
      const size_t d = key >> 32;
      const auto g = static_cast<int32_t>(key & UINT32_MAX);
      const JobGroup& group = GroupAt(g);
      int64_t last = part.last;
      // In a group with sends, pg_status may count those: then a number beyond all collectives says nothing.
      if (!group.has_p2p || (!part.has_entries && part.enqueued <= group.most_collectives)) {
        last = std::max(last, part.enqueued);
      }
      const int32_t place = group.PlaceOf(rank_of_dump_[d]);
      if (place < 0 || last <= 0) continue;
      store_.communicators[g].members[place].last_seq =
          static_cast<uint32_t>(std::min<int64_t>(last, UINT32_MAX));
    }
  }

  void Describe() {
    std::map<std::string, int> versions;
    std::set<std::string> unknown;
    uint64_t malformed = 0, silent = 0;
    for (const size_t d : by_rank_) {
      const Dump& dump = dumps_[d];
      ++versions[dump.version.empty() ? "without version" : dump.version];
      malformed += dump.malformed;
      silent += dump.entries.empty();
      unknown.insert(dump.unknown_operations.begin(), dump.unknown_operations.end());
    }
    store_.quality.malformed += malformed + unplaced_;
    auto& notes = store_.quality.notes;
    std::vector<std::string> texts;
    texts.reserve(versions.size());
    for (const auto& [version, count] : versions) texts.push_back(absl::StrCat(version, " (", count, ")"));
    notes.push_back(absl::StrCat("Flight Recorder dumps only, format ", absl::StrJoin(texts, ", "),
                                 ": hosts, devices, streams and exact times are not in them"));
    notes.push_back(
        timed_out_ > 0
            ? absl::StrCat(timed_out_, " operations had timed out when the dumps were written")
            : "the dumps do not say when they were written: what is unfinished is taken for stuck, which is "
              "wrong for a dump of a running job");
    if (silent > 0) notes.push_back(absl::StrCat(silent, " dumps hold no entries; pg_status was used"));
    if (implied_ > 0)
      notes.push_back(absl::StrCat(implied_, " unfinished operations are known from pg_status only"));
    if (unplaced_ > 0)
      notes.push_back(absl::StrCat(unplaced_, " entries belong to no group of their rank, left out"));
    if (!types_are_told_) notes.push_back("not all entries tell data types: they were not compared");
    if (!unknown.empty()) {
      notes.push_back(absl::StrCat("operations with unknown names: ", absl::StrJoin(unknown, ", ")));
    }
  }

  std::vector<Dump> dumps_;
  Store& store_;
  const DumpGroups* groups_ = nullptr;
  std::vector<int32_t> rank_of_dump_, index_of_dump_;
  std::vector<size_t> by_rank_;                  // dumps in the order of their ranks
  absl::flat_hash_map<int32_t, int32_t> dense_;  // global rank -> index in store
  absl::flat_hash_map<uint64_t, Part> parts_;    // by Key
  absl::flat_hash_map<std::tuple<int32_t, int32_t, int32_t>, uint32_t> streams_;
  // Of a collective: what it is and when somebody entered it.
  absl::flat_hash_map<std::pair<int32_t, uint32_t>, std::pair<uint16_t, int64_t>> first_of_;
  int64_t origin_ = 0;
  bool types_are_told_ = true;
  uint64_t timed_out_ = 0, implied_ = 0, unplaced_ = 0;
};

}  // namespace

void BuildStore(std::vector<Dump> dumps, Store& store) { JobBuilder(std::move(dumps), store).Build(); }

}  // namespace rankle::import
