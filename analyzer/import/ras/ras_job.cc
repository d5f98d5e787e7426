#include "analyzer/import/ras/ras_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "analyzer/import/rank_numbers.h"
#include "analyzer/import/ras/ras_progress.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

// Timestamps are whole seconds, and a loaded job pauses: a shorter standstill is none.
constexpr int64_t kStandsStillS = 10;
// A pause of this length is no ordinary checkpoint or evaluation between two launches.
constexpr int64_t kSurelyStillS = 60;
// Launches only, and not of all functions: one that is stuck in a kernel is taken for one that waits.
constexpr double kCertainty = 0.75;
// A pause that might still end, or a process of which only one snapshot says that it did not answer: RAS
// gives up on an answer after 5 s, which a crowded host can cause.
constexpr double kCertaintyOfOneLook = 0.5;

// Host, pid, device, and which of several ranks on that device.
using DeviceKey = std::tuple<std::string, int32_t, int32_t, int32_t>;
bool IsKnown(const RasRank& r) { return r.pid >= 0 && !r.host.empty(); }

// Of the ranks of a communicator, in their order.
std::vector<DeviceKey> KeysOf(const RasCommunicator& c) {
  std::vector<DeviceKey> keys;
  std::set<DeviceKey> used;
  for (const RasRank& r : c.ranks) {
    DeviceKey key(r.host, r.pid, r.cuda_device, 0);
    while (!used.insert(key).second) ++std::get<3>(key);
    keys.push_back(std::move(key));
  }
  return keys;
}

// "AllReduce" -> the id of ncclAllReduce; 0 = not known.
uint16_t ApiOf(const std::string& function) {
  const api::ApiInfo* info = api::FindApi(absl::StrCat("nccl", function));
  return info == nullptr ? 0 : info->id;
}

class RasJob {
 public:
  RasJob(RasRecords records, Store& store) : records_(std::move(records)), store_(store) {}

  void Build() {
    std::stable_sort(records_.snapshots.begin(), records_.snapshots.end(),
                     [](const RasSnapshot& a, const RasSnapshot& b) { return a.time_s < b.time_s; });
    still_ = FindStillness(records_.snapshots);
    stuck_ = still_.snapshots > 1 && still_.seconds >= kStandsStillS;
    store_.source = "ras";
    store_.streams_known = store_.device_times = store_.end_is_observed = false;
    store_.observed_until = OnAxis(Last().time_s);
    store_.quality.certainty = stuck_ && still_.seconds < kSurelyStillS ? kCertaintyOfOneLook : kCertainty;
    FindDevices();
    AddProcesses();
    for (size_t c = 0; c < Last().communicators.size(); ++c) AddCommunicator(c);
    SayWhatIsNotProven();
    store_.Finish();
  }

 private:
  const RasSnapshot& Last() const { return records_.snapshots.back(); }
  int64_t OnAxis(int64_t time_s) const {
    const int64_t since = time_s == 0 ? 0 : time_s - records_.snapshots.front().time_s;
    return 1 + std::clamp<int64_t>(since, 0, int64_t{1} << 30) * 1'000'000'000;
  }

  void FindDevices() {
    std::vector<int32_t> sizes;
    std::vector<DevicePlace> places;
    const auto& communicators = Last().communicators;
    for (size_t c = 0; c < communicators.size(); ++c) {
      sizes.push_back(communicators[c].size);
      const std::vector<DeviceKey> keys = KeysOf(communicators[c]);
      for (size_t i = 0; i < keys.size(); ++i) {
        const RasRank& r = communicators[c].ranks[i];
        if (!IsKnown(r)) continue;
        const auto next = static_cast<int32_t>(devices_.size());
        places.push_back(
            {static_cast<int32_t>(c), r.rank, devices_.try_emplace(keys[i], next).first->second});
      }
    }
    numbers_ = NumberDevices(sizes, places, static_cast<int32_t>(devices_.size()));
    store_.world_size = numbers_.world_size;
    if (Last().is_text) {
      // Only those with something wrong are listed: a communicator of all devices is the job.
      numbers_.certain = numbers_.certain && numbers_.world >= 0 && sizes[numbers_.world] == Last().devices;
      store_.world_size = std::max(store_.world_size, std::min(Last().devices, kMostRanks));
    }
    if (!numbers_.certain && !devices_.empty()) {
      store_.quality.notes.push_back(
          "no communicator has all processes: ranks are those of the largest one, others were numbered in "
          "order");
    }
  }

  // What RAS says of the process of a device, over all snapshots.
  struct Sign {
    int64_t last_answer_s = 0;
    size_t silent = 0;  // snapshots on end without an answer, up to the last
    bool dead = false;
  };

  std::map<DeviceKey, Sign> SignsOfLife() const {
    std::map<DeviceKey, Sign> signs;
    for (const RasSnapshot& s : records_.snapshots) {
      std::set<DeviceKey> silent;
      for (const RasCommunicator& c : s.communicators) {
        const std::vector<DeviceKey> keys = KeysOf(c);
        for (size_t i = 0; i < keys.size(); ++i) {
          const RasRank& r = c.ranks[i];
          if (!IsKnown(r)) continue;
          Sign& sign = signs[keys[i]];
          if (!r.missing) sign.last_answer_s = s.time_s, sign.silent = 0;
          // Missing, but reachable: it is no member any more, or not yet.
          if (r.missing && (r.unresponsive || r.dead)) silent.insert(keys[i]);
          sign.dead = sign.dead || r.dead;
        }
      }
      for (const DeviceKey& key : silent) ++signs[key].silent;
    }
    for (const RasEvent& e : records_.events) {
      if (e.event != "PEER_DEAD") continue;
      for (auto& [key, sign] : signs) {
        if (std::get<1>(key) == e.pid && std::get<0>(key) == e.host) sign.dead = true;
      }
    }
    return signs;
  }

  void AddProcesses() {
    const std::map<DeviceKey, Sign> signs = SignsOfLife();
    std::map<int32_t, const DeviceKey*> by_rank;
    for (const auto& [key, device] : devices_) by_rank[numbers_.of_device[device]] = &key;
    for (const auto& [global, key] : by_rank) {
      store::Process p;
      const Sign& sign = signs.at(*key);
      p.host = std::get<0>(*key), p.pid = std::get<1>(*key), p.rank = global, p.source = Last().file;
      p.started = 1, p.last_seen = p.heartbeat = OnAxis(sign.last_answer_s);
      if (sign.dead || sign.silent > 0) {
        p.state = store::ProcessState::kVanished;
        // RAS calls a process dead that it could not reach for 60 s.
        const bool sure = sign.dead || sign.silent > 1;
        if (!sure) store_.quality.certainty = std::min(store_.quality.certainty, kCertaintyOfOneLook);
        store_.quality.notes.push_back(
            absl::StrCat("rank ", global, " (process ", p.pid, " on ", p.host, ") ",
                         sign.dead ? "is considered dead by RAS"
                                   : absl::StrCat("did not answer RAS in ", sign.silent,
                                                  sign.silent == 1 ? " snapshot" : " snapshots")));
      }
      dense_[global] = static_cast<int32_t>(store_.ranks.size());
      store_.ranks.push_back({global, static_cast<int32_t>(store_.processes.size())});
      store_.processes.push_back(std::move(p));
    }
    if (!numbers_.certain || Last().is_text) return;
    for (int32_t r = 0; r < numbers_.world_size; ++r) {
      if (!dense_.contains(r)) store_.quality.missing_ranks.push_back(r);
    }
  }

  void AddCommunicator(size_t index) {
    const RasCommunicator& source = Last().communicators[index];
    store::Communicator& c = store_.communicators.emplace_back();
    c.id = index + 1, c.name = absl::StrCat("comm ", source.hash);
    c.members.resize(static_cast<size_t>(source.size));
    if (static_cast<int32_t>(index) == numbers_.world) {
      for (int32_t r = 0; r < source.size; ++r) c.members[r].global = r;
    }
    const RasStanding standing = FindStanding(source);
    const std::vector<DeviceKey> keys = KeysOf(source);
    for (size_t i = 0; i < keys.size(); ++i)
      AddMember(source.ranks[i], keys[i], standing, c.members[source.ranks[i].rank]);
    if (!standing.text.empty()) differences_.push_back(absl::StrCat(c.name, ": ", standing.text));
    if (!stuck_) return;
    for (const RasStanding::Ahead& ahead : standing.ahead) AddLaunched(index, standing, ahead);
  }

  void AddMember(const RasRank& r, const DeviceKey& key, const RasStanding& standing, store::Member& m) {
    if (IsKnown(r)) {
      m.global = numbers_.of_device[devices_.at(key)];
      m.rank = dense_.at(m.global);
    }
    // Reachable, but no member: it has left, or not come yet. Nobody can say that others wait for it.
    const bool left = r.missing && !r.unresponsive && !r.dead;
    m.last_seq = left ? UINT32_MAX : Sequence(r.missing ? 0 : standing.common);
    if (r.missing) return;
    m.state = r.aborted      ? store::CommState::kAborted
              : r.finalizing ? store::CommState::kFinalizing
                             : store::CommState::kReady;
    const bool initialising = r.init_state != 0;
    if (!initialising) m.init_entered = m.ready = 1;
    // Everybody is inside a creation or a teardown for a moment: only one that lasts is a wait.
    if (stuck_ && initialising) m.state = store::CommState::kInitialising, m.init_entered = StillSince();
    if (stuck_ && r.finalizing) m.teardown_entered = StillSince();
    for (const int32_t error : {r.init_state, r.async_error}) {
      if (IsRasError(error) && m.rank != kNone) AddError(m.rank, error, m);
    }
  }

  void AddError(int32_t rank, int32_t error, store::Member& m) {
    m.async_error = static_cast<uint32_t>(error);
    store::Events& e = store_.events;
    e.rank.push_back(rank), e.process.push_back(store_.ranks[rank].process);
    e.communicator.push_back(static_cast<int32_t>(store_.communicators.size()) - 1);
    e.kind.push_back(store::EventKind::kAsyncError), e.code.push_back(0);
    e.time.push_back(store_.observed_until), e.count.push_back(0);
    e.result.push_back(static_cast<uint8_t>(error)), e.text.emplace_back();
  }

  int64_t StillSince() const {
    return std::max<int64_t>(1, store_.observed_until - still_.seconds * 1'000'000'000);
  }
  // Counts are 64 bits wide; the columns have 32 and nothing compares beyond one communicator.
  static uint32_t Sequence(uint64_t count) {
    return static_cast<uint32_t>(std::min<uint64_t>(count, 1u << 31));
  }

  // The first operation that not all have launched. Whether it has begun on the device nobody knows.
  void AddLaunched(size_t communicator, const RasStanding& standing, const RasStanding::Ahead& ahead) {
    const store::Member& m = store_.communicators[communicator].members[ahead.rank];
    if (m.rank == kNone) return;
    store::Operation row;
    row.rank = m.rank, row.communicator = static_cast<int32_t>(communicator), row.member = ahead.rank;
    row.seq = Sequence(standing.common) + 1, row.api = ApiOf(ahead.function);
    row.state = store::OpState::kUntracked;
    row.entered = row.returned = StillSince();
    store_.AddOperation(row);
  }

  void SayWhatIsNotProven() {
    store_.quality.notes.push_back(absl::StrCat("RAS only (", records_.snapshots.size(),
                                                records_.snapshots.size() == 1 ? " snapshot" : " snapshots",
                                                ", NCCL ", Last().nccl_version,
                                                "): it counts launches of five collectives; whether they "
                                                "complete, sends, receives and times are not in it"));
    if (stuck_ && !differences_.empty()) {
      for (const std::string& difference : differences_)
        store_.quality.notes.push_back(
            absl::StrCat(difference, ", and nothing was for ", still_.seconds, " s"));
      return;
    }
    if (!stuck_ && still_.snapshots < records_.snapshots.size()) return;  // it moves
    if (records_.unread_lines > 0)
      store_.quality.notes.push_back(
          absl::StrCat(records_.unread_lines, " lines of RAS were not understood"));
    store::Doubt doubt;
    doubt.time = store_.observed_until;
    doubt.evidence = differences_;
    if (Last().is_text) {
      doubt.what =
          "RAS's text lists only what it takes for outliers, without times; `ncclras -f json`, some seconds "
          "apart, "
          "tells whether the job moves";
      doubt.evidence = Last().remarks;
    } else if (stuck_) {
      doubt.what = absl::StrCat("nothing was launched for ", still_.seconds,
                                " s and all ranks have launched the same: computing, waiting for input and "
                                "being stuck in a kernel look alike");
    } else if (records_.snapshots.size() > 1) {
      doubt.what = absl::StrCat("nothing was launched between snapshots ", still_.seconds,
                                " s apart, which is too short to tell a pause from a hang");
    } else {
      doubt.what = absl::StrCat(
          differences_.empty()
              ? "one snapshot shows no difference between ranks, as in a job that is stuck in a kernel"
              : "one snapshot shows ranks that launched less than others, as in any running job",
          "; a second one some ", kStandsStillS, " s later tells whether the job moves");
    }
    store_.doubts.push_back(std::move(doubt));
  }

  RasRecords records_;
  Store& store_;
  RasStillness still_;
  bool stuck_ = false;  // nothing has moved for long enough
  std::map<DeviceKey, int32_t> devices_;
  RankNumbers numbers_;
  std::map<int32_t, int32_t> dense_;  // global rank -> index in store
  std::vector<std::string> differences_;
};

}  // namespace

absl::Status BuildRasStore(RasRecords records, Store& store) {
  const bool any_json =
      std::any_of(records.snapshots.begin(), records.snapshots.end(),
                  [](const RasSnapshot& s) { return !s.is_text && !s.communicators.empty(); });
  std::erase_if(records.snapshots,
                [&](const RasSnapshot& s) { return s.is_text ? any_json : s.communicators.empty(); });
  if (records.snapshots.empty()) {
    return absl::InvalidArgumentError(
        "RAS: no status that lists communicators (events alone do not tell ranks): ask with `ncclras -f "
        "json` "
        "while the job runs");
  }
  store.quality.malformed += records.malformed;
  RasJob(std::move(records), store).Build();
  return absl::OkStatus();
}

}  // namespace rankle::import
