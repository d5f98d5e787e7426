#include "analyzer/localize/consistency.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/localize/describe.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Sample;
using store::Store;

// A gradient grows by orders of magnitude when an exponent bit flips, and hardly ever otherwise; both the
// other ranks and the rank's own past must agree that this is new.
constexpr float kOutlierFactor = 1e4f;
constexpr int kOutlierHistory = 3;  // earlier samples of the rank
constexpr size_t kOutlierRanks = 3;
// So many right samples in a row after the last wrong one: it has passed (a loss scaler skips steps).
constexpr int kRecovered = 3;

// One operation, or one mark of one replica.
using Place = std::tuple<int32_t, std::string, uint32_t>;  // communicator, replica name, seq
struct Samples {
  int64_t time = INT64_MAX;  // of the first
  std::vector<const Sample*> inputs, results;
};

class ConsistencyFinder {
 public:
  explicit ConsistencyFinder(const Store& store) : store_(store) {
    for (const Sample& s : store.samples) {
      if (s.rank == kNone || (s.communicator == kNone && s.name.empty())) continue;
      Samples& samples = places_[{s.communicator, s.name, s.seq}];
      if (!s.input && s.communicator != kNone && !IsResult(s)) continue;
      samples.time = std::min(samples.time, s.time);
      (s.input ? samples.inputs : samples.results).push_back(&s);
    }
    for (const auto& [place, samples] : places_) order_.emplace_back(samples.time, &place, &samples);
    std::sort(order_.begin(), order_.end());
  }

  std::vector<Inconsistency> Find() {
    for (const auto& [time, place, samples] : order_) {
      CompareResults(*place, *samples);
      LookForOutlier(*place, *samples);
    }
    FindFirstNonFinite();
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Inconsistency& a, const Inconsistency& b) { return a.time < b.time; });
    return std::move(found_);
  }

 private:
  // What is asked of a communicator for every sample.
  struct Progress {
    uint32_t all_came_to = UINT32_MAX;  // the last collective that every member has entered
    absl::flat_hash_map<int32_t, const store::Member*> members;
  };

  const Progress& ProgressOf(int32_t communicator) {
    const auto [it, added] = progress_.try_emplace(communicator);
    if (!added) return it->second;
    for (const store::Member& m : store_.communicators[communicator].members) {
      if (m.rank == kNone) continue;
      it->second.all_came_to = std::min(it->second.all_came_to, m.last_seq);
      it->second.members[m.rank] = &m;
    }
    return it->second;
  }

  // What an operation left behind that was aborted, or that a member never came to, is no result. Records
  // that are lost speak for a result.
  bool IsResult(const Sample& s) {
    const Progress& progress = ProgressOf(s.communicator);
    if (s.seq > progress.all_came_to) return false;
    const auto member = progress.members.find(s.rank);
    if (member == progress.members.end()) return true;
    const store::Operations& o = store_.operations;
    const std::vector<uint32_t>& collectives = member->second->collectives;
    const auto at = std::lower_bound(collectives.begin(), collectives.end(), s.seq,
                                     [&](uint32_t i, uint32_t seq) { return o.seq[i] < seq; });
    if (at == collectives.end() || o.seq[*at] != s.seq) return true;
    return o.state[*at] != store::OpState::kAborted && o.state[*at] != store::OpState::kFailed;
  }

  Inconsistency At(InconsistencyKind kind, const Place& place, const Samples& samples) const {
    Inconsistency i;
    i.kind = kind;
    std::tie(i.communicator, i.name, i.seq) = place;
    i.api = (samples.results.empty() ? samples.inputs : samples.results).front()->api;
    i.time = samples.time;
    return i;
  }

  std::string Name(const Inconsistency& i) const {
    if (i.communicator == kNone) return absl::StrCat("tensor ", i.name, " at its mark ", i.seq);
    return absl::StrCat(store::OperationName(i.api), " #", i.seq, " of communicator ",
                        store_.communicators[i.communicator].name);
  }
  std::string Who(const std::vector<int32_t>& ranks) const {
    return absl::StrCat(ranks.size() == 1 ? "rank " : "ranks ", store::RankList(GlobalRanks(store_, ranks)));
  }

  // Adds it, or counts it when the same culprits showed the same before.
  void Add(Inconsistency i) {
    std::sort(i.culprits.begin(), i.culprits.end());
    std::sort(i.others.begin(), i.others.end());
    for (Inconsistency& known : found_) {
      if (known.kind != i.kind || known.culprits != i.culprits || known.name != i.name) continue;
      ++known.occurrences;
      return;
    }
    found_.push_back(std::move(i));
  }

  void CompareResults(const Place& place, const Samples& samples) {
    // Different calls are the signatures' business, and pieces of different length cannot be compared.
    std::map<std::tuple<uint16_t, uint32_t>, std::map<uint64_t, std::vector<int32_t>>> camps;
    for (const Sample* s : samples.results) camps[{s->api, s->bytes}][s->hash].push_back(s->rank);
    for (const auto& [key, by_hash] : camps) {
      if (by_hash.size() < 2) continue;
      const bool replica = std::get<0>(place) == kNone;
      Inconsistency i =
          At(replica ? InconsistencyKind::kReplica : InconsistencyKind::kResult, place, samples);
      Vote(by_hash, i);
      i.what = absl::StrCat(Who(i.culprits), replica ? " hold another " : " received another result in ",
                            Name(i), i.decided ? " than " : " than each other: no majority",
                            i.decided ? Who(i.others) : "");
      for (const auto& [hash, ranks] : by_hash)
        i.evidence.push_back(absl::StrFormat("%s: content %016x in %s", Name(i), hash, Who(ranks)));
      if (i.evidence.size() > 6) i.evidence.resize(6);
      Add(std::move(i));
    }
  }

  static void Vote(const std::map<uint64_t, std::vector<int32_t>>& by_hash, Inconsistency& i) {
    size_t voters = 0, most = 0;
    for (const auto& [hash, ranks] : by_hash) voters += ranks.size(), most = std::max(most, ranks.size());
    i.decided = most * 2 > voters;
    i.support = static_cast<double>(most) / static_cast<double>(voters);
    for (const auto& [hash, ranks] : by_hash) {
      auto& side = i.decided && ranks.size() == most ? i.others : i.culprits;
      side.insert(side.end(), ranks.begin(), ranks.end());
    }
  }

  void LookForOutlier(const Place& place, const Samples& samples) {
    for (const Sample* s : samples.inputs) {
      float others = 0;
      for (const Sample* o : samples.inputs) {
        if (o != s) others = std::max(others, o->largest);
      }
      // Tensors of one communicator and length are taken for the same kind of data.
      History& own = history_[{s->rank, s->communicator, s->api, s->bytes}];
      const bool known = own.times >= kOutlierHistory && samples.inputs.size() >= kOutlierRanks;
      if (known && others > 0 && s->largest > kOutlierFactor * std::max(others, own.largest)) {
        Inconsistency i = At(InconsistencyKind::kOutlier, place, samples);
        i.culprits = {s->rank};
        for (const Sample* o : samples.inputs) {
          if (o != s) i.others.push_back(o->rank);
        }
        i.what =
            absl::StrFormat("%s sent a value of %g into %s; the others at most %g, itself before at most %g",
                            Who(i.culprits), s->largest, Name(i), others, own.largest);
        i.evidence.push_back(i.what);
        Add(std::move(i));
        continue;  // not part of what is usual
      }
      ++own.times;
      own.largest = std::max(own.largest, s->largest);
    }
  }

  // When the first value that is not finite was seen there; INT64_MAX = none.
  static int64_t FirstNonFinite(const Samples& samples) {
    int64_t first = INT64_MAX;
    for (const auto* side : {&samples.inputs, &samples.results}) {
      for (const Sample* s : *side) {
        if (s->nonfinite > 0) first = std::min(first, s->time);
      }
    }
    return first;
  }

  // Whoever had it before everybody else is the source: all others got it from there.
  void FindFirstNonFinite() {
    const Place* source = nullptr;
    int64_t first = INT64_MAX;
    int occurrences = 0, right_since = 0;
    for (const auto& [time, place, samples] : order_) {
      if (std::get<0>(*place) == kNone) continue;  // replicas are compared as bytes
      const int64_t seen = FirstNonFinite(*samples);
      right_since = seen != INT64_MAX ? 0 : right_since + 1;
      occurrences += seen != INT64_MAX;
      if (seen < first) first = seen, source = place;
    }
    if (source == nullptr) return;
    Inconsistency i = At(InconsistencyKind::kNonFinite, *source, places_.at(*source));
    NameSource(places_.at(*source), i);
    i.time = first, i.occurrences = occurrences, i.recovered = right_since >= kRecovered;
    found_.push_back(std::move(i));
  }

  // Who sent it; if nobody did, who received it alone.
  void NameSource(const Samples& samples, Inconsistency& i) const {
    const bool sent = std::any_of(samples.inputs.begin(), samples.inputs.end(),
                                  [](const Sample* s) { return s->nonfinite > 0; });
    const auto& side = sent ? samples.inputs : samples.results;
    int32_t elements = 0;
    for (const Sample* s : side) {
      (s->nonfinite > 0 ? i.culprits : i.others).push_back(s->rank);
      elements = std::max(elements, s->nonfinite);
    }
    // Everybody received it and nobody sent it: the reduction overflowed, or it lay outside of the sampled
    // piece.
    if (!sent && i.others.empty()) i.others.swap(i.culprits), i.decided = false;
    std::sort(i.culprits.begin(), i.culprits.end());
    std::sort(i.others.begin(), i.others.end());
    i.support = i.others.empty() ? 0.5 : 1;
    i.what =
        i.culprits.empty()
            ? absl::StrCat("the result of ", Name(i), " is not finite although all that was sent is")
            : absl::StrCat(Who(i.culprits), sent ? " sent" : " received", " NaN or infinity ",
                           sent ? "into " : "from ", Name(i), " (in ", elements, " of the sampled elements)");
    i.evidence.push_back(i.what);
    if (!i.others.empty() && !i.culprits.empty())
      i.evidence.push_back(
          absl::StrCat("what ", Who(i.others), sent ? " sent" : " received", " there is finite"));
  }

  struct History {
    int times = 0;
    float largest = 0;
  };

  const Store& store_;
  absl::flat_hash_map<int32_t, Progress> progress_;  // by communicator
  std::map<Place, Samples> places_;
  std::vector<std::tuple<int64_t, const Place*, const Samples*>> order_;
  std::map<std::tuple<int32_t, int32_t, uint16_t, uint32_t>, History> history_;
  std::vector<Inconsistency> found_;
};

}  // namespace

const char* InconsistencyKindName(InconsistencyKind kind) {
  static constexpr const char* kNames[] = {"result", "replica", "nonfinite", "outlier"};
  return kNames[static_cast<int>(kind)];
}

std::vector<Inconsistency> FindInconsistencies(const Store& store) { return ConsistencyFinder(store).Find(); }

}  // namespace rankle::localize
