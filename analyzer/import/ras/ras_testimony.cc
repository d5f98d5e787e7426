#include "analyzer/import/ras/ras_testimony.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/import/ras/ras_progress.h"
#include "injector/api/results.h"

namespace rankle::import {
namespace {

using store::kNone;

// One notice a rank and fault; the chain shows two dozen at most.
constexpr size_t kMostNotices = 64;

class RasTestimony {
 public:
  RasTestimony(const RasRecords& records, store::Store& store) : records_(records), store_(store) {}

  absl::Status Join() {
    FindRanks();
    const RasSnapshot* last = nullptr;
    for (const RasSnapshot& s : records_.snapshots) {
      if (last == nullptr || s.time_s >= last->time_s) last = &s;
    }
    if (last != nullptr) SayWhatIsWrong(*last);
    if (last != nullptr) {
      for (const std::string& remark : last->remarks) Say(kNone, "", remark);
    }
    for (const RasEvent& e : records_.events) {
      if (e.event != "PEER_DEAD") continue;  // the others say who joined and who connects
      Say(RankOf(e.pid), e.host,
          absl::StrCat("at ", e.timestamp, " ", e.event, " ", Process(e.pid, e.host),
                       e.details.empty() ? "" : " ", e.details));
    }
    for (const auto& [key, text] : said_) {
      if (store_.notices.size() >= kMostNotices) break;
      store::Notice notice;
      notice.time = store_.observed_until, notice.rank = std::get<0>(key), notice.host = std::get<1>(key);
      notice.text = text, notice.by = "RAS";
      store_.notices.push_back(std::move(notice));
    }
    if (said_.empty())
      return absl::NotFoundError("RAS reports no dead or silent process and no error: nothing to add");
    return absl::OkStatus();
  }

 private:
  static std::string Process(int32_t pid, const std::string& host) {
    return pid < 0 ? host : absl::StrCat("process ", pid, " on ", host);
  }

  // RAS names hosts by address, records by name: processes are told by their number where it occurs once.
  void FindRanks() {
    std::map<int32_t, int> times;
    for (const store::Process& p : store_.processes) ++times[p.pid];
    for (const store::Process& p : store_.processes) {
      if (p.pid > 0 && times[p.pid] == 1 && p.rank != kNone) rank_of_pid_[p.pid] = p.rank;
    }
  }
  int32_t RankOf(int32_t pid) const {
    const auto it = rank_of_pid_.find(pid);
    return it == rank_of_pid_.end() ? kNone : it->second;
  }
  // In a communicator of the whole job its ranks are those of the job.
  int32_t RankOf(const RasRank& r, const RasCommunicator& c) const {
    const int32_t by_pid = RankOf(r.pid);
    return by_pid == kNone && store_.world_size > 0 && c.size == store_.world_size ? r.rank : by_pid;
  }

  void Say(int32_t rank, const std::string& host, std::string text) {
    said_.try_emplace({rank, host, text.substr(text.find(' ') + 1)}, std::move(text));
  }

  void SayWhatIsWrong(const RasSnapshot& s) {
    for (const RasCommunicator& c : s.communicators) {
      for (const RasRank& r : c.ranks) {
        const std::string who =
            absl::StrCat("rank ", r.rank, " of ", c.hash, " (", Process(r.pid, r.host), ")");
        const auto say = [&](const std::string& what) {
          Say(RankOf(r, c), r.host,
              absl::StrCat(s.timestamp.empty() ? "" : absl::StrCat("at ", s.timestamp, " "), who, " ", what));
        };
        if (r.dead) {
          say("is considered dead");
        } else if (r.unresponsive) {
          say("does not answer");
        }
        if (IsRasError(r.async_error))
          say(absl::StrCat("reports the asynchronous error ", api::NcclResultName(r.async_error)));
        if (IsRasError(r.init_state))
          say(absl::StrCat("failed to initialise: ", api::NcclResultName(r.init_state)));
      }
      const RasStanding standing = FindStanding(c);
      if (!standing.text.empty())
        Say(kNone, "", absl::StrCat("at ", s.timestamp, " counts of ", c.hash, " differ: ", standing.text));
    }
  }

  const RasRecords& records_;
  store::Store& store_;
  std::map<int32_t, int32_t> rank_of_pid_;
  std::map<std::tuple<int32_t, std::string, std::string>, std::string> said_;  // rank, host, what -> text
};

}  // namespace

absl::Status JoinRas(const RasRecords& records, store::Store& store) {
  store.quality.malformed += records.malformed;
  return RasTestimony(records, store).Join();
}

}  // namespace rankle::import
