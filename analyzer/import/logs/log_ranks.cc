#include "analyzer/import/logs/log_ranks.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

// Numbered by host and device, where nothing else tells: right on one host with a process for each device,
// where launchers number like that; a guess on several.
constexpr double kCertaintyByDevice = 0.7, kCertaintyByOrder = 0.5;

class SeatFinder {
 public:
  explicit SeatFinder(const LogContents& contents) : contents_(contents) {}

  LogSeats Find() {
    CollectSeats();
    const std::vector<int32_t> by_nccl = ByLargestCommunicator(), by_rccl = ByGlobalRank(), by_tag = ByTag();
    if (IsUsable(by_rccl)) {
      Take(by_rccl);
    } else if (IsUsable(by_nccl)) {
      Take(by_nccl);
    } else if (IsUsable(by_tag)) {
      Take(by_tag);
      result_.how = "ranks are those of the launcher's tags";
    } else if (IsUsable(WithHelp(by_nccl, by_tag))) {
      Take(WithHelp(by_nccl, by_tag));
    } else if (HasAll(by_nccl)) {
      TakeNewest(by_nccl);
    } else {
      TakeOrder();
    }
    Sort();
    return std::move(result_);
  }

 private:
  const LoggedCommunicator& At(int32_t communicator) const { return contents_.communicators[communicator]; }

  void CollectSeats() {
    std::map<std::pair<int32_t, int32_t>, size_t> index;
    for (size_t c = 0; c < contents_.communicators.size(); ++c) {
      const LoggedCommunicator& communicator = contents_.communicators[c];
      const std::pair key(communicator.process, communicator.device);
      const auto [it, added] = index.try_emplace(key, result_.seats.size());
      if (added) result_.seats.push_back({key.first, key.second, -1, {}});
      result_.seats[it->second].communicators.push_back(static_cast<int32_t>(c));
    }
  }

  // The largest communicator is the whole job; ranks in it are ranks of the job.
  std::vector<int32_t> ByLargestCommunicator() const {
    int32_t largest = 0;
    for (const LoggedCommunicator& c : contents_.communicators) {
      if (c.rank >= 0) largest = std::max(largest, c.ranks);
    }
    std::vector<int32_t> ranks(result_.seats.size(), -1);
    for (size_t s = 0; s < result_.seats.size(); ++s) {
      for (const int32_t c : result_.seats[s].communicators) {
        if (ranks[s] < 0 && At(c).ranks == largest) ranks[s] = At(c).rank;
      }
    }
    return ranks;
  }
  std::vector<int32_t> ByGlobalRank() const {
    std::vector<int32_t> ranks(result_.seats.size(), -1);
    for (size_t s = 0; s < result_.seats.size(); ++s) {
      for (const int32_t c : result_.seats[s].communicators) ranks[s] = std::max(ranks[s], At(c).global_rank);
    }
    return ranks;
  }
  std::vector<int32_t> ByTag() const {
    std::vector<int32_t> ranks;
    for (const Seat& seat : result_.seats) ranks.push_back(contents_.processes[seat.process].rank);
    return ranks;
  }
  // All seats have a rank, each its own.
  static bool IsUsable(const std::vector<int32_t>& ranks) {
    const std::set<int32_t> different(ranks.begin(), ranks.end());
    return !ranks.empty() && *different.begin() >= 0 && different.size() == ranks.size();
  }
  static bool HasAll(const std::vector<int32_t>& ranks) {
    return !ranks.empty() && *std::min_element(ranks.begin(), ranks.end()) >= 0;
  }
  static std::vector<int32_t> WithHelp(std::vector<int32_t> ranks, const std::vector<int32_t>& others) {
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] < 0) ranks[i] = others[i];
    }
    return ranks;
  }
  void Take(const std::vector<int32_t>& ranks) {
    for (size_t s = 0; s < ranks.size(); ++s) result_.seats[s].rank = ranks[s];
  }

  int64_t BegunAt(const Seat& seat) const {
    int64_t first = INT64_MAX;
    for (const int32_t c : seat.communicators) {
      for (const int64_t time : {At(c).init_started, At(c).ready})
        first = time > 0 ? std::min(first, time) : first;
    }
    return first == INT64_MAX ? 0 : first;
  }

  // Ranks that occur twice were started again, or are those of another job: the newest of each count.
  void TakeNewest(const std::vector<int32_t>& ranks) {
    std::map<int32_t, size_t> newest;  // rank -> seat
    for (size_t s = 0; s < ranks.size(); ++s) {
      const auto [it, added] = newest.try_emplace(ranks[s], s);
      if (!added && BegunAt(result_.seats[s]) >= BegunAt(result_.seats[it->second])) it->second = s;
    }
    std::vector<Seat> seats;
    int64_t since = INT64_MAX;
    for (const auto& [rank, s] : newest) {
      seats.push_back(result_.seats[s]), seats.back().rank = rank;
      since = std::min(since, BegunAt(seats.back()));
    }
    result_.how =
        absl::StrCat("the logs hold several attempts of the job, or several jobs: ", seats.size(), " of ",
                     result_.seats.size(), " processes are analyzed, the newest of each rank");
    result_.seats = std::move(seats);
    result_.certainty = kCertaintyByOrder;
    result_.since = since >= kDayNs ? since : 0;  // places in files are no times
  }

  // One host, each device once, and numbers that are ranks of the largest communicator.
  bool HasADeviceEach() const {
    std::set<std::string> hosts;
    std::set<int32_t> devices;
    int32_t largest = 0;
    for (const Seat& seat : result_.seats) {
      hosts.insert(contents_.processes[seat.process].host), devices.insert(seat.device);
      for (const int32_t c : seat.communicators) largest = std::max(largest, At(c).ranks);
    }
    return hosts.size() == 1 && devices.size() == result_.seats.size() && *devices.begin() >= 0 &&
           *devices.rbegin() < largest;
  }

  void TakeOrder() {
    const bool a_device_each = HasADeviceEach();
    std::vector<size_t> order(result_.seats.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto key = [&](size_t s) {
      const LoggedProcess& process = contents_.processes[result_.seats[s].process];
      return std::tuple(process.host, result_.seats[s].device, process.pid);
    };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
    for (size_t i = 0; i < order.size(); ++i) {
      Seat& seat = result_.seats[order[i]];
      seat.rank = a_device_each ? seat.device : static_cast<int32_t>(i);
    }
    result_.certainty = a_device_each ? kCertaintyByDevice : kCertaintyByOrder;
    result_.how = absl::StrCat("no line tells the ranks: they are numbered by ",
                               a_device_each ? "device" : "host, device and process",
                               " (NCCL_DEBUG_SUBSYS=INIT,COLL tells them)");
  }

  void Sort() {
    std::sort(result_.seats.begin(), result_.seats.end(),
              [](const Seat& a, const Seat& b) { return a.rank < b.rank; });
    result_.seat_of.assign(contents_.communicators.size(), -1);
    for (size_t s = 0; s < result_.seats.size(); ++s) {
      for (const int32_t c : result_.seats[s].communicators) result_.seat_of[c] = static_cast<int32_t>(s);
    }
  }

  const LogContents& contents_;
  LogSeats result_;
};

}  // namespace

std::string ShortHost(const std::string& host) {
  // An address has no short form.
  const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
  return is_address ? host : host.substr(0, host.find('.'));
}

LogSeats SeatsOf(const LogContents& contents) {
  return contents.communicators.empty() ? LogSeats{} : SeatFinder(contents).Find();
}

template <typename Key>
void RankFinder::Learn(std::map<Key, int32_t>& map, const Key& key, int32_t rank) {
  const auto [it, added] = map.try_emplace(key, rank);
  if (!added && it->second != rank) it->second = kSeveral;
}

template <typename Key>
int32_t RankFinder::Find(const std::map<Key, int32_t>& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() || it->second < 0 ? -1 : it->second;
}

void RankFinder::Know(int32_t rank, const Speaker& who) {
  if (rank < 0) return;
  const std::string host = ShortHost(who.host);
  if (!host.empty()) hosts_.try_emplace(host, 0);
  if (who.pid > 0) Learn(by_pid_, who.pid, rank), Learn(by_host_pid_, {host, who.pid}, rank);
  if (who.bus != 0) Learn(by_host_bus_, {host, who.bus}, rank);
  if (who.local_rank >= 0) Learn(by_host_local_, {host, who.local_rank}, rank);
}

void RankFinder::KnowAll(const LogContents& contents, const LogSeats& seats) {
  for (const Seat& seat : seats.seats) {
    const LoggedProcess& process = contents.processes[seat.process];
    Speaker who;
    who.host = process.host, who.pid = process.pid, who.local_rank = process.local_rank;
    for (const int32_t c : seat.communicators) who.bus = std::max(who.bus, contents.communicators[c].bus);
    Know(seat.rank, who);
  }
  for (const LoggedTrouble& trouble : contents.troubles) Know(trouble.who.rank, trouble.who);
}

void RankFinder::KnowAll(const store::Store& store) {
  for (const store::Rank& rank : store.ranks) {
    if (rank.process < 0) continue;
    Speaker who;
    who.host = store.processes[rank.process].host, who.pid = store.processes[rank.process].pid;
    Know(rank.global, who);
  }
}

bool RankFinder::IsGuess(const Speaker& who) const {
  Speaker by_other = who;
  by_other.local_rank = -1;
  const bool known =
      Find(by_host_local_, {ShortHost(who.host), who.local_rank}) >= 0 ||
      (hosts_.size() == 1 && Find(by_host_local_, {hosts_.begin()->first, who.local_rank}) >= 0);
  return who.local_rank >= 0 && !known && RankOf(by_other) < 0 && RankOf(who) >= 0;
}

int32_t RankFinder::RankOf(const Speaker& who) const {
  if (who.rank >= 0) return who.rank;
  std::string host = ShortHost(who.host);
  // A job on one host: it is that, whether the line tells its name or not.
  const bool one_host = hosts_.size() <= 1;
  if (one_host && host.empty() && !hosts_.empty()) host = hosts_.begin()->first;
  const bool other_host = !host.empty() && !hosts_.empty() && !hosts_.contains(host);
  if (who.pid > 0) {
    int32_t rank = Find(by_host_pid_, {host, who.pid});
    if (rank < 0 && host.empty()) rank = Find(by_pid_, who.pid);
    if (rank >= 0) return rank;
  }
  // The kernel may number processes differently than a container does: the device decides.
  if (who.bus != 0) {
    if (const int32_t rank = Find(by_host_bus_, {host, who.bus}); rank >= 0) return rank;
  }
  if (who.local_rank >= 0) {
    if (const int32_t rank = Find(by_host_local_, {host, who.local_rank}); rank >= 0) return rank;
    if (one_host && !other_host) return who.local_rank;
  }
  return -1;
}

}  // namespace rankle::import
