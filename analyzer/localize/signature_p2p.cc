// Sends against receives. The k-th send from a to b belongs to the k-th receive on b from a; their sizes must
// agree. A send to the wrong peer shows as two pairs with one operation too many on one side.
#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"
#include "analyzer/localize/signature.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

class P2pComparer {
 public:
  P2pComparer(const Store& store, const Progress& progress, int32_t communicator)
      : store_(store),
        o_(store.operations),
        progress_(progress),
        communicator_(communicator),
        members_(store.communicators[communicator].members),
        send_(api::FindApi("ncclSend")->id) {}

  void Compare(std::vector<Disagreement>& found) {
    for (const store::Member& m : members_) {
      const store::Process* process = store_.ProcessOf(m.rank);
      if (process != nullptr && process->HasLostRecords()) return;  // the count is lost
    }
    CollectPairs();
    Disagreement first;
    bool any = false;
    for (const auto& [pair, lists] : pairs_) {
      for (size_t k = 0; k < std::min(lists.sends.size(), lists.receives.size()); ++k) {
        const uint32_t s = lists.sends[k], r = lists.receives[k];
        if (Bytes(s) == Bytes(r)) continue;
        const int64_t time = std::max(o_.entered[s], o_.entered[r]);
        if (!any || time < first.time) first = Sizes(s, r, time), any = true;
        break;
      }
    }
    if (!any) any = FindStrayPeer(first);
    if (any) found.push_back(std::move(first));
  }

 private:
  struct Lists {
    std::vector<uint32_t> sends, receives;
  };
  uint64_t Bytes(uint32_t op) const { return o_.count[op] * std::max(1u, api::DataTypeBytes(o_.dtype[op])); }

  void CollectPairs() {
    for (const store::Member& m : members_) {
      for (uint32_t op : m.p2p) {
        const bool sends = o_.api[op] == send_;
        auto& lists =
            pairs_[sends ? std::pair(o_.member[op], o_.peer[op]) : std::pair(o_.peer[op], o_.member[op])];
        (sends ? lists.sends : lists.receives).push_back(op);
      }
    }
  }

  // How often the rank issued exactly this before.
  size_t Seen(uint32_t op) const {
    size_t seen = 0;
    for (uint32_t other : members_[o_.member[op]].p2p) {
      if (other == op) break;
      seen += o_.api[other] == o_.api[op] && o_.peer[other] == o_.peer[op] && Bytes(other) == Bytes(op);
    }
    return seen;
  }

  Disagreement Sizes(uint32_t s, uint32_t r, int64_t time) const {
    Disagreement d;
    d.kind = DisagreementKind::kSizes, d.communicator = communicator_, d.field = "bytes", d.time = time;
    const size_t seen_send = Seen(s), seen_receive = Seen(r);
    d.decided = seen_send != seen_receive;
    const uint32_t odd = seen_send < seen_receive ? s : r, other = odd == s ? r : s;
    d.operation = odd, d.seq = o_.seq[odd];
    d.culprits = {o_.rank[odd]};
    (d.decided ? d.others : d.culprits).push_back(o_.rank[other]);
    d.support = d.decided ? 0.9 : 0.5;
    d.what = absl::StrCat("rank ", store_.GlobalRank(o_.rank[s]), " sends ", Bytes(s), " bytes to rank ",
                          store_.GlobalRank(o_.rank[r]), ", which receives ", Bytes(r), " bytes");
    if (d.decided) {
      d.evidence.push_back(absl::StrCat(
          "rank ", store_.GlobalRank(o_.rank[odd]), " never used this size with this peer before; rank ",
          store_.GlobalRank(o_.rank[other]), " did ", std::max(seen_send, seen_receive), " times"));
    }
    return d;
  }

  // A member with an unfinished operation to a peer that it never (or hardly) spoke to, while another peer
  // waits for it.
  bool FindStrayPeer(Disagreement& d) const {
    for (const store::Member& m : members_) {
      for (uint32_t op : m.p2p) {
        if (progress_.IsFinished(op) || !progress_.IsHead(op) || Seen(op) > 0 || m.p2p.size() < 8) continue;
        const bool sends = o_.api[op] == send_;
        if (!SomebodyWaitsFor(o_.member[op], sends, o_.peer[op])) continue;
        d.kind = DisagreementKind::kPeer, d.communicator = communicator_, d.field = "peer";
        d.operation = op, d.seq = o_.seq[op], d.time = o_.entered[op];
        d.culprits = {m.rank}, d.support = 0.9;
        const int32_t peer = o_.peer[op] >= 0 && o_.peer[op] < static_cast<int32_t>(members_.size())
                                 ? store_.GlobalRank(members_[o_.peer[op]].rank)
                                 : kNone;
        d.what = absl::StrCat("rank ", store_.GlobalRank(m.rank),
                              sends ? " sends to rank " : " receives from rank ", peer,
                              ", with which it never communicated before, while another rank waits for it");
        return true;
      }
    }
    return false;
  }

  bool SomebodyWaitsFor(int32_t member, bool it_sends, int32_t except) const {
    for (const auto& [pair, lists] : pairs_) {
      const auto& [from, to] = pair;
      if ((it_sends ? from : to) != member || (it_sends ? to : from) == except) continue;
      const auto& theirs = it_sends ? lists.receives : lists.sends;
      const auto& mine = it_sends ? lists.sends : lists.receives;
      if (theirs.size() > mine.size() && !progress_.IsFinished(theirs[mine.size()])) return true;
    }
    return false;
  }

  const Store& store_;
  const store::Operations& o_;
  const Progress& progress_;
  const int32_t communicator_;
  const std::vector<store::Member>& members_;
  const uint16_t send_;
  std::map<std::pair<int32_t, int32_t>, Lists> pairs_;  // (source, destination) as ranks in the communicator
};

}  // namespace

void FindP2pDisagreements(const Store& store, const Progress& progress, std::vector<Disagreement>& found) {
  for (int32_t c = 0; c < static_cast<int32_t>(store.communicators.size()); ++c) {
    P2pComparer(store, progress, c).Compare(found);
  }
}

}  // namespace rankle::localize
