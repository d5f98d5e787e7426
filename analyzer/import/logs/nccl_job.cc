#include "analyzer/import/logs/nccl_job.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

using store::kNone;

// FNV-1a: a communicator whose id no line tells needs one that is the same in every analysis.
uint64_t HashOf(const std::string& text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return hash == 0 ? 1 : hash;
}

class JobBuilder {
 public:
  JobBuilder(const LogContents& contents, const LogSeats& seats,
             const std::function<int64_t(int64_t)>& on_axis, store::Store& store)
      : contents_(contents), seats_(seats), on_axis_(on_axis), store_(store) {}

  void Build() {
    AddRanks();
    for (size_t s = 0; s < seats_.seats.size(); ++s) NameCommunicators(s);
    GroupCommunicators();
    for (const auto& [key, views] : groups_) AddCommunicator(key, views);
    AddOperations();
    FindMissingRanks();
    if (left_out_ > 0) {
      store_.quality.notes.push_back(
          absl::StrCat(left_out_,
                       " communicators cannot be told apart without lines of their creation, left out "
                       "(NCCL_DEBUG_SUBSYS=INIT,COLL tells them)"));
    }
  }

 private:
  const LoggedCommunicator& At(int32_t c) const { return contents_.communicators[c]; }

  void AddRanks() {
    std::map<int32_t, int32_t> process_of;
    for (const Seat& seat : seats_.seats) {
      const auto [it, added] =
          process_of.try_emplace(seat.process, static_cast<int32_t>(store_.processes.size()));
      store_.ranks.push_back({seat.rank, it->second});
      store::Process& p = added ? store_.processes.emplace_back() : store_.processes[it->second];
      if (added) {
        const LoggedProcess& logged = contents_.processes[seat.process];
        p.host = logged.host, p.pid = logged.pid, p.source = logged.file, p.rank = seat.rank;
        p.last_seen = on_axis_(logged.last_seen);
      }
      for (const int32_t c : seat.communicators) p.overwritten += At(c).is_cut;
    }
  }

  // A text that is the same for all views of a communicator.
  void NameCommunicators(size_t seat) {
    std::map<std::string, int> before;  // nameless communicators of the seat that look alike
    for (const int32_t c : seats_.seats[seat].communicators) {
      const LoggedCommunicator& view = At(c);
      std::string key;
      if (view.id != 0) {
        key = absl::StrCat("id ", absl::Hex(view.id));
      } else if (view.parent >= 0 && names_.contains(view.parent)) {
        key = absl::StrCat("split of ", names_[view.parent], " child ", view.child, " color ", view.color);
      } else {
        key = absl::StrCat("size ", view.ranks);
      }
      if (view.id == 0) absl::StrAppend(&key, " #", before[key]++);
      names_[c] = key;
    }
  }

  void GroupCommunicators() {
    for (const auto& [c, key] : names_) groups_[key].push_back(c);
    for (auto group = groups_.begin(); group != groups_.end();) {
      std::vector<int32_t>& views = group->second;
      std::sort(views.begin(), views.end(),
                [&](int32_t a, int32_t b) { return seats_.seat_of[a] < seats_.seat_of[b]; });
      const auto size = static_cast<size_t>(std::max(At(views[0]).ranks, 0));
      const bool whole =
          IsWhole(views) && places_ + size <= kMostPlaces + kMostPlacesOfASeat * seats_.seats.size();
      if (whole) places_ += size;
      if (!whole) left_out_ += views.size();
      group = whole ? std::next(group) : groups_.erase(group);
    }
  }
  // Each place is taken once at most.
  bool IsWhole(const std::vector<int32_t>& views) const {
    const int32_t size = At(views[0]).ranks;
    // A hostile line may name any size. Two ranks are what can disagree.
    if (size < 1 || size > kMostRanks || views.size() > static_cast<size_t>(size)) return false;
    std::set<int32_t> places;
    size_t told = 0;
    for (const int32_t c : views) {
      if (At(c).ranks != size || At(c).rank >= size) return false;
      told += At(c).rank >= 0;
      if (At(c).rank >= 0 && !places.insert(At(c).rank).second) return false;
    }
    return told == 0 || told == views.size();
  }

  void AddCommunicator(const std::string& key, const std::vector<int32_t>& views) {
    const auto index = static_cast<int32_t>(store_.communicators.size());
    store::Communicator& made = store_.communicators.emplace_back();
    const LoggedCommunicator& first = At(views[0]);
    made.id = first.id != 0 ? first.id : HashOf(key);
    if (first.parent >= 0) made.parent_id = IdOf(first.parent);
    made.members.resize(static_cast<size_t>(first.ranks));
    const bool whole_job = first.ranks >= static_cast<int32_t>(seats_.seats.size());
    for (size_t i = 0; i < views.size(); ++i) {
      const LoggedCommunicator& view = At(views[i]);
      const int32_t seat = seats_.seat_of[views[i]];
      int32_t place = view.rank;
      // In the order of the ranks in the job; in a communicator of the whole job these are the places.
      if (place < 0)
        place = whole_job && seats_.seats[seat].rank < first.ranks ? seats_.seats[seat].rank
                                                                   : static_cast<int32_t>(i);
      store::Member& m = made.members[place];
      m.rank = seat, m.global = seats_.seats[seat].rank;
      m.init_entered = on_axis_(view.init_started), m.ready = on_axis_(view.ready);
      m.gone = view.gone == 0 ? 0 : on_axis_(view.gone), m.teardown_entered = m.gone;
      const bool launched = view.collectives + view.p2p > 0;
      // A creation whose begin is not in the log had ended before the log begins.
      m.state = view.gone != 0 ? (view.aborted ? store::CommState::kAborted : store::CommState::kDestroyed)
                : view.ready != 0 || launched || view.init_started == 0 ? store::CommState::kReady
                                                                        : store::CommState::kInitialising;
      if (view.init_started == 0) m.init_entered = 0;
      if (view.ready == 0)
        m.ready = m.state == store::CommState::kInitialising ? 0 : std::max<int64_t>(m.init_entered, 1);
      m.last_seq = view.collectives, m.last_p2p_seq = view.p2p;
      place_of_[views[i]] = {index, place};
    }
    for (size_t place = 0; whole_job && place < made.members.size(); ++place)
      made.members[place].global = static_cast<int32_t>(place);
    Align(views);
  }

  uint64_t IdOf(int32_t c) const {
    const auto name = names_.find(c);
    return At(c).id != 0 ? At(c).id : name == names_.end() ? 0 : HashOf(name->second);
  }

  // A log that begins in the middle begins elsewhere for each rank: NCCL's own counter tells how far apart,
  // where it counts (from 2.27 on it stays 0 on one node).
  void Align(const std::vector<int32_t>& views) {
    uint64_t least = UINT64_MAX, most = 0;
    for (const int32_t c : views) {
      const LoggedCommunicator& v = At(c);
      if (v.collectives == 0) continue;
      const bool counts = v.op_counts_rise && (v.collectives > 1 || v.first_op_count > 0);
      if (v.init_started != 0 || v.ready != 0 || !counts) return;
      least = std::min(least, v.first_op_count), most = std::max(most, v.first_op_count);
    }
    if (least >= most || most - least > UINT32_MAX / 2) return;
    for (const int32_t c : views) {
      if (At(c).collectives > 0) shift_[c] = static_cast<uint32_t>(At(c).first_op_count - least);
    }
  }

  void AddOperations() {
    for (size_t s = 0; s < seats_.seats.size(); ++s) {
      std::vector<std::pair<int32_t, const LoggedOperation*>> all;
      for (const int32_t c : seats_.seats[s].communicators) {
        if (!place_of_.contains(c)) continue;
        for (const LoggedOperation& o : At(c).operations) all.emplace_back(c, &o);
      }
      std::stable_sort(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.second->time < b.second->time; });
      for (const auto& [c, o] : all) AddOperation(static_cast<int32_t>(s), c, *o);
    }
    for (const auto& [c, shift] : shift_) {
      const auto& [communicator, place] = place_of_[c];
      store_.communicators[communicator].members[place].last_seq += shift;
    }
  }

  void AddOperation(int32_t rank, int32_t c, const LoggedOperation& o) {
    const auto& [communicator, place] = place_of_[c];
    const auto shift = shift_.find(c);
    store::Operation row;
    row.rank = rank, row.communicator = communicator, row.member = place, row.p2p = o.p2p;
    row.seq = o.seq + (shift == shift_.end() || o.p2p ? 0 : shift->second);
    row.api = o.api, row.count = o.count, row.dtype = o.datatype, row.redop = o.redop, row.peer = o.root;
    row.entered = row.returned = on_axis_(o.time);
    row.state = store::OpState::kUntracked;
    store_.AddOperation(row);
  }

  void FindMissingRanks() {
    int32_t world = static_cast<int32_t>(seats_.seats.size());
    for (const auto& [key, views] : groups_) world = std::max(world, At(views[0]).ranks);
    for (const Seat& seat : seats_.seats) world = std::max(world, seat.rank < kMostRanks ? seat.rank + 1 : 0);
    store_.world_size = world;
    std::set<int32_t> seen;
    for (const Seat& seat : seats_.seats) seen.insert(seat.rank);
    for (int32_t rank = 0; rank < world; ++rank) {
      if (!seen.contains(rank)) store_.quality.missing_ranks.push_back(rank);
    }
  }

  // More than any job has. One hostile line may name any size, so the places of all communicators together
  // are bounded by who speaks.
  static constexpr int32_t kMostRanks = 1 << 16;
  static constexpr size_t kMostPlaces = 1 << 17, kMostPlacesOfASeat = 64;
  const LogContents& contents_;
  const LogSeats& seats_;
  const std::function<int64_t(int64_t)>& on_axis_;
  store::Store& store_;
  std::map<int32_t, std::string> names_;  // by index of the view
  std::map<std::string, std::vector<int32_t>> groups_;
  std::map<int32_t, std::pair<int32_t, int32_t>> place_of_;  // view -> communicator of the store, member
  std::map<int32_t, uint32_t> shift_;                        // of its numbers
  size_t left_out_ = 0, places_ = 0;
};

}  // namespace

void AddNcclJob(const LogContents& contents, const LogSeats& seats,
                const std::function<int64_t(int64_t)>& on_axis, store::Store& store) {
  JobBuilder(contents, seats, on_axis, store).Build();
}

}  // namespace rankle::import
