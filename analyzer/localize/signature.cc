#include "analyzer/localize/signature.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/localize/describe.h"
#include "analyzer/store/operation_flags.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;
using Signature =
    std::tuple<uint16_t, uint64_t, uint8_t, uint8_t, int32_t>;  // api, count, dtype, redop, root

// Operations compared around the first difference. Training repeats itself, so a shift shows within one
// iteration.
constexpr size_t kWindow = 96;

bool IsTold(const store::Operations& o, uint32_t i) { return (o.flags[i] & store::kFlagOnlyCounted) == 0; }

// Of an operation that only a counter knows of: one that equals none of a call.
constexpr Signature kUntold = {0xffff, UINT64_MAX, 0xff, 0xff, kNone};

Signature SignatureOf(const store::Operations& o, uint32_t i) {
  if (!IsTold(o, i)) return kUntold;
  return {o.api[i], o.count[i], o.dtype[i], o.redop[i], o.peer[i]};
}

std::string SignatureText(const Signature& s) {
  const auto& [api, count, dtype, redop, root] = s;
  std::string text =
      absl::StrCat(store::OperationName(api), " of ", count, " ", std::string(api::DataTypeName(dtype)));
  if (redop != 0xff) absl::StrAppend(&text, " ", std::string(api::RedOpName(redop)));
  if (root >= 0) absl::StrAppend(&text, " root ", root);
  return text;
}

const char* DifferingField(const Signature& a, const Signature& b) {
  if (std::get<0>(a) != std::get<0>(b)) return "op";
  if (std::get<1>(a) != std::get<1>(b)) return "count";
  if (std::get<2>(a) != std::get<2>(b)) return "dtype";
  if (std::get<3>(a) != std::get<3>(b)) return "redop";
  return "root";
}

class CollectiveComparer {
 public:
  CollectiveComparer(const Store& store, int32_t communicator)
      : store_(store),
        o_(store.operations),
        communicator_(communicator),
        members_(store.communicators[communicator].members) {}

  void Compare(std::vector<Disagreement>& found) {
    const int64_t seq = FirstDifference();
    if (seq < 0) return;
    Disagreement d;
    d.communicator = communicator_, d.seq = static_cast<uint32_t>(seq);
    Vote(d);
    Align(d);
    Describe(d);
    found.push_back(std::move(d));
  }

 private:
  uint32_t SeqAt(const store::Member& m, size_t k) const { return o_.seq[m.collectives[k]]; }

  // Position in m.collectives of the first operation with at least this number.
  size_t Find(const store::Member& m, uint32_t seq) const {
    const auto it = std::lower_bound(m.collectives.begin(), m.collectives.end(), seq,
                                     [&](uint32_t op, uint32_t s) { return o_.seq[op] < s; });
    return static_cast<size_t>(it - m.collectives.begin());
  }
  const uint32_t* At(const store::Member& m, uint32_t seq) const {
    const size_t k = Find(m, seq);
    return k < m.collectives.size() && SeqAt(m, k) == seq ? &m.collectives[k] : nullptr;
  }

  // Each member is compared with the longest one by walking both lists once: linear, and as good as comparing
  // all pairs because the first difference between any two is also one with the reference.
  int64_t FirstDifference() const {
    for (const store::Member& m : members_) {
      const bool told = std::all_of(m.collectives.begin(), m.collectives.end(),
                                    [&](uint32_t op) { return IsTold(o_, op); });
      if (!told) return FirstDifferenceOfTold();
    }
    const store::Member* reference = nullptr;
    for (const store::Member& m : members_) {
      if (reference == nullptr || m.collectives.size() > reference->collectives.size()) reference = &m;
    }
    int64_t first = -1;
    for (const store::Member& m : members_) {
      size_t a = 0, b = 0;
      while (a < m.collectives.size() && b < reference->collectives.size()) {
        const uint32_t sa = SeqAt(m, a), sb = SeqAt(*reference, b);
        if (sa != sb) {
          sa < sb ? ++a : ++b;
          continue;
        }
        if (SignatureOf(o_, m.collectives[a]) != SignatureOf(o_, reference->collectives[b])) {
          if (first < 0 || sa < first) first = sa;
          break;
        }
        ++a, ++b;
      }
    }
    return first;
  }

  // Where some are only counted, no member need have told all that others told.
  int64_t FirstDifferenceOfTold() const {
    absl::flat_hash_map<uint32_t, Signature> told;  // by number
    int64_t first = -1;
    for (const store::Member& m : members_) {
      for (const uint32_t op : m.collectives) {
        if (!IsTold(o_, op)) continue;
        const auto [it, added] = told.try_emplace(o_.seq[op], SignatureOf(o_, op));
        const bool differs = !added && it->second != SignatureOf(o_, op);
        if (differs && (first < 0 || o_.seq[op] < first)) first = o_.seq[op];
      }
    }
    return first;
  }

  // How often `current` followed `previous` before, over all ranks and the retained history before the
  // difference.
  size_t HistorySupport(uint32_t seq, const Signature& current) {
    size_t support = 0;
    for (const store::Member& m : members_) {
      const size_t at = Find(m, seq);
      if (at == 0 || at > m.collectives.size()) continue;
      const Signature previous = SignatureOf(o_, m.collectives[at - 1]);
      for (size_t k = 1; k < at; ++k) {
        support +=
            SignatureOf(o_, m.collectives[k - 1]) == previous && SignatureOf(o_, m.collectives[k]) == current;
      }
    }
    return support;
  }

  void Vote(Disagreement& d) {
    std::map<Signature, std::vector<int32_t>> camps;
    std::map<Signature, int64_t> first_of_camp;
    for (const store::Member& m : members_) {
      const uint32_t* op = At(m, d.seq);
      if (op == nullptr || m.rank == kNone || !IsTold(o_, *op)) continue;
      const Signature signature = SignatureOf(o_, *op);
      camps[signature].push_back(m.rank);
      const auto [it, added] = first_of_camp.try_emplace(signature, o_.entered[*op]);
      if (!added) it->second = std::min(it->second, o_.entered[*op]);
    }
    // The ranks disagree from the moment when every side has spoken; what fails later can be a consequence.
    for (const auto& [signature, time] : first_of_camp) d.time = std::max(d.time, time);
    size_t voters = 0;
    const std::vector<int32_t>* largest = nullptr;
    for (const auto& [signature, ranks] : camps) {
      voters += ranks.size();
      if (largest == nullptr || ranks.size() > largest->size()) largest = &ranks, right_ = signature;
    }
    d.support = static_cast<double>(largest->size()) / static_cast<double>(voters);
    if (largest->size() * 2 <= voters) DecideByHistory(camps, d);
    for (const auto& [signature, ranks] : camps) {
      auto& side = d.decided && signature == right_ ? d.others : d.culprits;
      side.insert(side.end(), ranks.begin(), ranks.end());
    }
    std::sort(d.culprits.begin(), d.culprits.end());
  }

  void DecideByHistory(const std::map<Signature, std::vector<int32_t>>& camps, Disagreement& d) {
    size_t best = 0, second = 0;
    for (const auto& [signature, ranks] : camps) {
      const size_t support = HistorySupport(d.seq, signature);
      if (support > best) {
        second = best, best = support, right_ = signature;
      } else {
        second = std::max(second, support);
      }
    }
    d.decided = best > 2 * second;
    d.support = d.decided ? static_cast<double>(best) / static_cast<double>(best + second) : 0.5;
    if (d.decided) d.evidence.push_back("no majority; what the ranks did in earlier iterations decides");
  }

  // The signatures from `seq` on.
  std::vector<Signature> Tail(const store::Member& m, uint32_t seq) const {
    std::vector<Signature> tail;
    for (size_t k = Find(m, seq); k < m.collectives.size() && tail.size() < kWindow; ++k) {
      tail.push_back(SignatureOf(o_, m.collectives[k]));
    }
    return tail;
  }
  // Matching length when a's tail is shifted against b's.
  static size_t Agreement(const std::vector<Signature>& a, size_t from_a, const std::vector<Signature>& b,
                          size_t from_b) {
    size_t n = 0;
    while (from_a + n < a.size() && from_b + n < b.size() && a[from_a + n] == b[from_b + n]) ++n;
    return n;
  }

  void Align(Disagreement& d) {
    d.field = "op";
    absl::flat_hash_map<int32_t, const store::Member*> member_of;
    for (const store::Member& m : members_) member_of.try_emplace(m.rank, &m);
    const int32_t odd = d.culprits.front();
    const store::Member* culprit = member_of[odd];
    const uint32_t* operation = At(*culprit, d.seq);
    d.operation = operation == nullptr ? culprit->collectives.front() : *operation;
    const store::Member* other = nullptr;  // with the longest tail: it shows most of what should have come
    std::vector<Signature> theirs;
    for (int32_t rank : d.others.empty() ? d.culprits : d.others) {
      if (rank == odd) continue;
      const store::Member* m = member_of[rank];
      std::vector<Signature> tail = Tail(*m, d.seq);
      if (other == nullptr || tail.size() > theirs.size()) other = m, theirs = std::move(tail);
    }
    const std::vector<Signature> mine = Tail(*culprit, d.seq);
    if (other == nullptr || mine.empty() || theirs.empty()) return;
    wrong_ = mine[0], right_ = theirs[0];
    const size_t skipped = Agreement(mine, 0, theirs, 1), repeated = Agreement(mine, 1, theirs, 0);
    const size_t changed = Agreement(mine, 1, theirs, 1);
    // In programs that repeat themselves a call left out or made twice looks like an exchange at first: the
    // two are told apart by what follows, and where nothing follows the more common one is named.
    const bool shifted = skipped == std::min(mine.size(), theirs.size() - 1) ||
                         repeated == std::min(mine.size() - 1, theirs.size());
    const bool can_swap =
        mine.size() > 1 && theirs.size() > 1 && mine[0] == theirs[1] && mine[1] == theirs[0] && !shifted;
    const bool doubles = IsRepeat(*culprit, d.seq);
    if (can_swap) {
      d.kind = DisagreementKind::kSwapped;
    } else if (doubles && repeated >= changed && repeated >= skipped) {
      d.kind = DisagreementKind::kRepeated;
    } else if (skipped > changed && skipped > 0) {
      d.kind = DisagreementKind::kSkipped;
    } else if (repeated > changed && repeated > skipped) {
      d.kind = DisagreementKind::kDifferent;  // one call more, and not a copy of the one before
    } else {
      // Nothing after it tells: with the same operation an argument was changed, with another the order
      // differs. If the others come to mine next, what lies between was left out.
      d.kind = std::get<0>(wrong_) == std::get<0>(right_) && !FollowsInHistory(*other, d.seq)
                   ? DisagreementKind::kChanged
               : FollowsInHistory(*other, d.seq) ? DisagreementKind::kSkipped
                                                 : DisagreementKind::kDifferent;
    }
    d.field = d.kind == DisagreementKind::kChanged ? DifferingField(wrong_, right_) : "order";
  }

  bool IsRepeat(const store::Member& m, uint32_t seq) const {
    const size_t k = Find(m, seq);
    return k > 0 && k < m.collectives.size() &&
           SignatureOf(o_, m.collectives[k]) == SignatureOf(o_, m.collectives[k - 1]);
  }

  // Did wrong_ ever directly follow right_ in what the others did before?
  bool FollowsInHistory(const store::Member& m, uint32_t seq) const {
    const size_t end = std::min(Find(m, seq), m.collectives.size());
    for (size_t k = 1; k < end; ++k) {
      if (SignatureOf(o_, m.collectives[k - 1]) == right_ && SignatureOf(o_, m.collectives[k]) == wrong_)
        return true;
    }
    return false;
  }

  void Describe(Disagreement& d) {
    const std::string who = absl::StrCat(d.culprits.size() == 1 ? "rank " : "ranks ",
                                         store::RankList(GlobalRanks(store_, d.culprits)));
    const std::string where =
        absl::StrCat("#", d.seq, " of communicator ", store_.communicators[communicator_].name);
    if (!d.decided) {
      d.what = absl::StrCat(who, " disagree on ", where, ": ", SignatureText(wrong_), " against ",
                            SignatureText(right_));
      return;
    }
    switch (d.kind) {
      case DisagreementKind::kSkipped:
        d.what = absl::StrCat(who, " skipped ", SignatureText(right_), ", ", where);
        break;
      case DisagreementKind::kRepeated:
        d.what = absl::StrCat(who, " issued ", SignatureText(wrong_), " twice, at ", where);
        break;
      case DisagreementKind::kSwapped:
        d.what = absl::StrCat(who, " swapped ", where, " with the next: ", SignatureText(wrong_), " before ",
                              SignatureText(right_));
        break;
      default:
        d.what = absl::StrCat(who, " issued ", SignatureText(wrong_), " as ", where, ", the others ",
                              SignatureText(right_));
    }
    d.evidence.push_back(absl::StrFormat("%s %s issued %s; %d ranks issued %s", where, who,
                                         SignatureText(wrong_), d.others.size(), SignatureText(right_)));
  }

  const Store& store_;
  const store::Operations& o_;
  const int32_t communicator_;
  const std::vector<store::Member>& members_;
  Signature right_{}, wrong_{};
};

}  // namespace

const char* DisagreementKindName(DisagreementKind kind) {
  static constexpr const char* kNames[] = {"changed",   "skipped", "repeated", "swapped",
                                           "different", "sizes",   "peer",     "fewer"};
  return kNames[static_cast<int>(kind)];
}

void FindStepDisagreements(const Store& store, std::vector<Disagreement>& found);
void FindCountDisagreements(const Store& store, std::vector<Disagreement>& found);
void FindP2pDisagreements(const Store& store, const Progress& progress, std::vector<Disagreement>& found);

std::vector<Disagreement> FindDisagreements(const Store& store, const Progress& progress) {
  std::vector<Disagreement> found;
  for (int32_t c = 0; c < static_cast<int32_t>(store.communicators.size()); ++c) {
    if (store.communicators[c].members.size() > 1) CollectiveComparer(store, c).Compare(found);
  }
  if (found.empty()) FindStepDisagreements(store, found);
  if (found.empty() && store.calls_only) FindCountDisagreements(store, found);
  FindP2pDisagreements(store, progress, found);
  return found;
}

}  // namespace rankle::localize
