// Order across communicators. A skipped or exchanged call may contradict nobody inside one communicator: the
// rank goes on to an operation of another communicator, and all wait for each other. What it then issued
// after an operation that everybody knows is new: neither it nor its peers ever did that before.
//
// Method: the place where the ranks of a deadlock part is a collective after which they issued different
// things, and what some of them issued is still waiting. Ranks that differ there because they play different
// roles (pipeline stages) did so in every iteration; a culprit did as the others until now. Without history,
// ranks of the same communicators vote. Who is said to have left a call out must be a member of its
// communicator.
#include <algorithm>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"
#include "analyzer/localize/signature.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

// Calls of a rank that are compared, back from its last one: several iterations of any usual program.
constexpr size_t kHistory = 4096;
// The parting is looked for among this many last calls: what was queued ahead of the device.
constexpr size_t kRecent = 96;
// An operation issued fewer times before, or in fewer training steps where those are known, has no usual
// successor: what comes at the end of the first steps was never seen before either.
constexpr int kEnoughHistory = 3;

// What a call is, without its instance. Point-to-point calls count as "some exchange on this communicator":
// their number, peers and sizes may vary from step to step.
struct Token {
  int32_t communicator = kNone;
  uint16_t api = 0;  // 0 = point-to-point
  uint64_t count = 0;
  uint8_t dtype = 0, redop = 0;
  auto operator<=>(const Token&) const = default;  // NOLINT(modernize-use-nullptr): a bug of clang-tidy 14
};

struct Issue {
  Token token;
  uint32_t operation = 0;
};

class OrderComparer {
 public:
  OrderComparer(const Store& store, const Progress& progress, const Stall& stall)
      : store_(store), progress_(progress) {
    for (int32_t rank : stall.culprits) issues_[rank] = IssuesOf(rank);
  }

  void Compare(std::vector<Disagreement>& found) {
    for (const auto& [time, anchor] : AnchorsByTime()) {
      Disagreement d;
      if (!Judge(anchors_[anchor], d)) continue;
      found.push_back(std::move(d));
      return;
    }
  }

 private:
  struct Place {
    int32_t rank = kNone;
    size_t position = 0;  // in issues_[rank]
  };
  using Anchor = std::pair<int32_t, uint32_t>;  // communicator, seq

  std::vector<Issue> IssuesOf(int32_t rank) const {
    const auto& o = store_.operations;
    const size_t begin = store_.rank_begin(rank), end = store_.rank_begin(rank + 1);
    std::vector<Issue> issues;
    for (size_t i = end - begin > kHistory ? end - kHistory : begin; i < end; ++i) {
      if (o.communicator[i] == kNone) continue;
      Token token{.communicator = o.communicator[i]};
      if (!o.p2p[i]) token = {o.communicator[i], o.api[i], o.count[i], o.dtype[i], o.redop[i]};
      if (o.p2p[i] && !issues.empty() && issues.back().token == token) continue;
      issues.push_back({token, static_cast<uint32_t>(i)});
    }
    return issues;
  }

  // Operations that several ranks have behind them, the first ones first.
  std::vector<std::pair<int64_t, Anchor>> AnchorsByTime() {
    const auto& o = store_.operations;
    for (const auto& [rank, issues] : issues_) {
      for (size_t k = issues.size() > kRecent ? issues.size() - kRecent : 0; k + 1 < issues.size(); ++k) {
        const uint32_t op = issues[k].operation;
        // Point-to-point numbers count each rank's own calls: equal numbers are not the same operation.
        if (!o.p2p[op]) anchors_[{o.communicator[op], o.seq[op]}].push_back({rank, k});
      }
    }
    std::vector<std::pair<int64_t, Anchor>> order;
    for (const auto& [anchor, places] : anchors_) {
      if (places.size() < 2) continue;
      int64_t first = INT64_MAX;
      for (const Place& p : places) first = std::min(first, o.entered[IssueAt(p).operation]);
      order.emplace_back(first, anchor);
    }
    std::sort(order.begin(), order.end());
    return order;
  }

  const Issue& IssueAt(const Place& p) const { return issues_.at(p.rank)[p.position]; }
  const Issue& Next(const Place& p) const { return issues_.at(p.rank)[p.position + 1]; }

  enum class Precedent { kUsual, kNew, kUnknown };
  // Did this rank ever go on like this after such an operation?
  Precedent PrecedentOf(const Place& p) const {
    const std::vector<Issue>& issues = issues_.at(p.rank);
    const int32_t own_step = store_.operations.step[IssueAt(p).operation];
    int times = 0;
    int32_t counted_step = own_step;
    for (size_t k = 0; k < p.position; ++k) {
      if (issues[k].token != issues[p.position].token) continue;
      if (issues[k + 1].token == Next(p).token) return Precedent::kUsual;
      const int32_t step = store_.operations.step[issues[k].operation];
      if (own_step != kNone && step == counted_step) continue;  // once a step
      counted_step = step;
      ++times;
    }
    return times >= kEnoughHistory ? Precedent::kNew : Precedent::kUnknown;
  }

  bool Judge(const std::vector<Place>& places, Disagreement& d) {
    std::map<Token, std::vector<Place>> camps;
    for (const Place& p : places) camps[Next(p).token].push_back(p);
    if (camps.size() < 2) return false;
    std::vector<Place> odd, usual;
    bool unknown = false;
    for (const Place& p : places) {
      const Precedent precedent = PrecedentOf(p);
      unknown |= precedent == Precedent::kUnknown;
      (precedent == Precedent::kNew ? odd : usual).push_back(p);
    }
    if (unknown && !VoteOfEquals(camps, odd, usual)) return false;
    std::erase_if(usual, [&](const Place& p) { return progress_.IsFinished(Next(p).operation); });
    if (odd.empty() || usual.empty() || !AreMembers(odd, Next(usual[0]).token.communicator)) return false;
    for (const Place& p : odd) d.culprits.push_back(p.rank);
    for (const Place& p : usual) d.others.push_back(p.rank);
    std::sort(d.culprits.begin(), d.culprits.end());
    std::sort(d.others.begin(), d.others.end());
    d.support = unknown ? static_cast<double>(usual.size()) / static_cast<double>(places.size()) : 1;
    Describe(odd[0], usual[0], d);
    return true;
  }

  bool AreMembers(const std::vector<Place>& places, int32_t communicator) {
    return std::all_of(places.begin(), places.end(), [&](const Place& p) {
      const std::vector<int32_t>& own = CommunicatorsOf(p.rank);
      return std::find(own.begin(), own.end(), communicator) != own.end();
    });
  }

  // Without history only ranks with the same communicators can be expected to do the same.
  bool VoteOfEquals(const std::map<Token, std::vector<Place>>& camps, std::vector<Place>& odd,
                    std::vector<Place>& usual) {
    const std::vector<Place>* largest = nullptr;
    size_t voters = 0;
    for (const auto& [token, places] : camps) {
      voters += places.size();
      if (largest == nullptr || places.size() > largest->size()) largest = &places;
    }
    if (largest->size() * 2 <= voters) return false;
    odd.clear(), usual.clear();
    const std::vector<int32_t>& role = CommunicatorsOf(largest->front().rank);
    for (const auto& [token, places] : camps) {
      for (const Place& p : places) {
        if (CommunicatorsOf(p.rank) != role) return false;
        (&places == largest ? usual : odd).push_back(p);
      }
    }
    return true;
  }

  const std::vector<int32_t>& CommunicatorsOf(int32_t rank) {
    if (communicators_.empty()) {
      communicators_.resize(store_.ranks.size());
      for (int32_t c = 0; c < static_cast<int32_t>(store_.communicators.size()); ++c) {
        for (const store::Member& m : store_.communicators[c].members) {
          if (m.rank != kNone) communicators_[m.rank].push_back(c);
        }
      }
    }
    return communicators_[rank];
  }

  std::string Name(const Issue& issue) const {
    const auto& o = store_.operations;
    return absl::StrCat(o.p2p[issue.operation] ? "point-to-point " : "",
                        store::OperationName(o.api[issue.operation]), " #", o.seq[issue.operation], " of ",
                        store_.communicators[issue.token.communicator].name);
  }

  // The call after the next one, when there is one.
  bool SecondIs(const Place& p, const Token& token) const {
    const std::vector<Issue>& issues = issues_.at(p.rank);
    return p.position + 2 < issues.size() && issues[p.position + 2].token == token;
  }
  // Did a usual rank ever issue `second` directly after `first`?
  bool Follows(const Place& p, const Token& first, const Token& second) const {
    const std::vector<Issue>& issues = issues_.at(p.rank);
    for (size_t k = 1; k < issues.size(); ++k) {
      if (issues[k - 1].token == first && issues[k].token == second) return true;
    }
    return false;
  }

  void Describe(const Place& odd, const Place& usual, Disagreement& d) const {
    const Issue &mine = Next(odd), &theirs = Next(usual), &anchor = IssueAt(odd);
    d.kind = SecondIs(odd, theirs.token)                ? DisagreementKind::kSwapped
             : mine.token == anchor.token               ? DisagreementKind::kRepeated
             : Follows(usual, theirs.token, mine.token) ? DisagreementKind::kSkipped
                                                        : DisagreementKind::kDifferent;
    const auto& o = store_.operations;
    d.field = "order";
    d.communicator = theirs.token.communicator;
    d.operation = theirs.operation, d.seq = o.seq[theirs.operation];
    d.time = o.entered[mine.operation];
    const std::string who = absl::StrCat(d.culprits.size() == 1 ? "rank " : "ranks ",
                                         store::RankList(GlobalRanks(store_, d.culprits)));
    const char* verb = d.kind == DisagreementKind::kSkipped ? " skipped " : " did not issue ";
    d.what = absl::StrCat(who, verb, Name(theirs), " after ", Name(anchor), " and went on to ", Name(mine));
    d.evidence.push_back(absl::StrCat("after ", Name(anchor), " ", who, " issued ", Name(mine), "; ranks ",
                                      store::RankList(GlobalRanks(store_, d.others)), " issued ",
                                      Name(theirs)));
    d.evidence.push_back(d.support == 1 ? absl::StrCat(who, " never went on like that in earlier iterations")
                                        : "no earlier iterations; the majority decides");
  }

  const Store& store_;
  const Progress& progress_;
  std::map<int32_t, std::vector<Issue>> issues_;  // by rank
  std::map<Anchor, std::vector<Place>> anchors_;
  std::vector<std::vector<int32_t>> communicators_;  // by rank; filled when first needed
};

}  // namespace

std::vector<Disagreement> FindOrderDisagreements(const Store& store, const Progress& progress,
                                                 const std::vector<Stall>& stalls) {
  std::vector<Disagreement> found;
  for (const Stall& stall : stalls) {
    if (stall.kind == StallKind::kDeadlock && stall.culprits.size() > 1)
      OrderComparer(store, progress, stall).Compare(found);
  }
  return found;
}

}  // namespace rankle::localize
