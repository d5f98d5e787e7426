// Where the source tells calls only (execution traces), a rank that left out a collective shows by its count
// alone if all calls look alike. But records also end where somebody stopped the recorder. The two are told
// apart by what follows: who goes on to a later collective of another communicator, together with ranks that
// came by the missing one first, has left it out. Without such a later one nobody can tell (kFewer).
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"
#include "analyzer/localize/signature.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

class CountComparer {
 public:
  CountComparer(const Store& store, int32_t communicator)
      : store_(store), o_(store.operations), communicator_(communicator) {}

  void Compare(std::vector<Disagreement>& found) {
    std::map<uint32_t, std::vector<const store::Member*>> by_last;  // number of the last collective
    size_t voters = 0;
    for (const store::Member& m : store_.communicators[communicator_].members) {
      if (m.rank == kNone) continue;
      by_last[m.collectives.empty() ? 0 : o_.seq[m.collectives.back()]].push_back(&m);
      ++voters;
    }
    if (by_last.size() < 2) return;
    const auto& [last, longest] = *by_last.rbegin();
    std::vector<const store::Member*> shorter;
    for (const auto& [n, members] : by_last) {
      if (n < last) shorter.insert(shorter.end(), members.begin(), members.end());
    }
    std::vector<const store::Member*> went_on;
    for (const store::Member* m : shorter) {
      if (WentOn(*m, *longest[0])) went_on.push_back(m);
    }
    Disagreement d;
    d.communicator = communicator_, d.field = "order";
    d.operation = longest[0]->collectives.back(), d.seq = by_last.begin()->first + 1;
    if (went_on.size() == shorter.size()) {
      Accuse(shorter, longest, voters, d);
    } else {
      d.kind = DisagreementKind::kFewer, d.decided = false, d.support = 0.5;
      Name(shorter, d.culprits), Name(longest, d.others);
    }
    d.time = o_.entered[d.operation];
    for (const auto& [n, members] : by_last) {
      d.evidence.push_back(absl::StrCat(members.size() == 1 ? "rank " : "ranks ", Ranks(members),
                                        ": the last of ", store_.communicators[communicator_].name, " is #",
                                        n));
    }
    Describe(shorter, longest, d);
    found.push_back(std::move(d));
  }

 private:
  static void Name(const std::vector<const store::Member*>& members, std::vector<int32_t>& ranks) {
    for (const store::Member* m : members) ranks.push_back(m->rank);
    std::sort(ranks.begin(), ranks.end());
  }
  std::string Ranks(const std::vector<const store::Member*>& members) const {
    std::vector<int32_t> ranks;
    Name(members, ranks);
    return store::RankList(GlobalRanks(store_, ranks));
  }

  // The minority is wrong; of two halves either may be.
  static void Accuse(const std::vector<const store::Member*>& shorter,
                     const std::vector<const store::Member*>& longest, size_t voters, Disagreement& d) {
    const bool left_out = longest.size() >= shorter.size();
    d.kind = left_out ? DisagreementKind::kSkipped : DisagreementKind::kRepeated;
    d.support = static_cast<double>(std::max(longest.size(), shorter.size())) / static_cast<double>(voters);
    d.decided = longest.size() != shorter.size();
    Name(left_out ? shorter : longest, d.culprits);
    Name(left_out ? longest : shorter, d.decided ? d.others : d.culprits);
    std::sort(d.culprits.begin(), d.culprits.end());
  }

  // Did the rank, in another communicator, take part in a collective that `ahead` called after the first one
  // of this communicator that the rank lacks?
  bool WentOn(const store::Member& m, const store::Member& ahead) const {
    const uint32_t last = m.collectives.empty() ? 0 : o_.seq[m.collectives.back()];
    const auto missing = std::find_if(ahead.collectives.begin(), ahead.collectives.end(),
                                      [&](uint32_t op) { return o_.seq[op] > last; });
    if (missing == ahead.collectives.end()) return false;
    std::map<int32_t, uint32_t> first_after;  // of other communicators: the first number called after that
    for (size_t i = *missing + 1; i < store_.rank_begin(static_cast<size_t>(ahead.rank) + 1); ++i) {
      if (o_.communicator[i] != communicator_ && !o_.p2p[i])
        first_after.try_emplace(o_.communicator[i], o_.seq[i]);
    }
    return std::any_of(first_after.begin(), first_after.end(), [&](const auto& after) {
      const auto& members = store_.communicators[after.first].members;
      const auto own = std::find_if(members.begin(), members.end(),
                                    [&](const store::Member& other) { return other.rank == m.rank; });
      return own != members.end() && !own->collectives.empty() &&
             o_.seq[own->collectives.back()] >= after.second;
    });
  }

  void Describe(const std::vector<const store::Member*>& shorter,
                const std::vector<const store::Member*>& longest, Disagreement& d) const {
    const std::string& name = store_.communicators[communicator_].name;
    const std::string fewer = absl::StrCat(shorter.size() == 1 ? "rank " : "ranks ", Ranks(shorter));
    const std::string more = absl::StrCat(longest.size() == 1 ? "rank " : "ranks ", Ranks(longest));
    if (d.kind == DisagreementKind::kFewer) {
      d.what = absl::StrCat("the calls agree, but the records of ", fewer, " end before #", d.seq,
                            " of communicator ", name, ", which ", more,
                            " issued: it left calls out, or its recorder was stopped earlier");
    } else if (!d.decided) {
      d.what = absl::StrCat(fewer, " issued fewer collectives on communicator ", name, " than ", more,
                            " and went on: one side left one out, or issued one too many");
    } else if (d.kind == DisagreementKind::kSkipped) {
      d.what = absl::StrCat(fewer, " left out #", d.seq, " of communicator ", name, " and went on");
    } else {
      d.what =
          absl::StrCat(more, " issued #", d.seq, " of communicator ", name, ", which the others never did");
    }
  }

  const Store& store_;
  const store::Operations& o_;
  const int32_t communicator_;
};

}  // namespace

void FindCountDisagreements(const Store& store, std::vector<Disagreement>& found) {
  for (int32_t c = 0; c < static_cast<int32_t>(store.communicators.size()); ++c) {
    if (store.communicators[c].members.size() > 1) CountComparer(store, c).Compare(found);
  }
}

}  // namespace rankle::localize
