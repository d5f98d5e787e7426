#include "analyzer/import/rank_traces/shared_order.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "analyzer/import/rank_traces/trace_clocks.h"
#include "analyzer/import/rank_traces/trace_windows.h"
#include "analyzer/localize/median.h"

namespace rankle::import {
namespace {

using Operations = std::vector<SharedOperation>;
// For each operation of a rank the index of the same one on the reference rank, -1 = it has none. Increasing.
using Match = std::vector<int64_t>;

// Hosts that ask a time server agree to this.
constexpr int64_t kServedClocksNs = 10'000'000;
// Of those that both profiled, so many must agree; a damaged event on either side breaks a pair.
constexpr size_t kAgreeingTenths = 9;
// Fewer agreeing ends may be chance.
constexpr size_t kFewestAgreeing = 4;
// A rhythm is recognised when the next best shift fits worse by this factor: of regular steps all shifts fit.
constexpr int64_t kClearlyBetter = 4;
constexpr size_t kSampledPairs = 256;

int64_t UsualGap(const Operations& operations) {
  std::vector<int64_t> gaps;
  for (size_t i = 1; i < operations.size(); ++i)
    gaps.push_back(std::abs(operations[i].end_ns - operations[i - 1].end_ns));
  return localize::Median(std::move(gaps));
}

std::optional<Match> ById(const Operations& reference, const Operations& mine) {
  absl::flat_hash_map<uint64_t, size_t> place;
  for (size_t i = 0; i < reference.size(); ++i) {
    if (reference[i].id == 0 || !place.try_emplace(reference[i].id, i).second) return std::nullopt;
  }
  Match match;
  int64_t last = -1;
  for (const SharedOperation& op : mine) {
    if (op.id == 0) return std::nullopt;
    const auto it = place.find(op.id);
    match.push_back(it == place.end() ? -1 : static_cast<int64_t>(it->second));
    if (match.back() < 0) continue;
    if (match.back() <= last) return std::nullopt;  // what looked like an identity is none
    last = match.back();
  }
  return match;
}

// Ends of the same operation agree once `ahead` is taken from mine.
std::optional<Match> ByTime(const Operations& reference, const Operations& mine, int64_t ahead) {
  const int64_t gap = UsualGap(reference);
  const int64_t tolerance = gap == 0 ? kClocksDifferNs : std::min(kClocksDifferNs, gap / 4);
  Match match;
  size_t matched = 0, mine_inside = 0, next = 0;
  const int64_t begin = reference.front().end_ns, end = reference.back().end_ns;
  for (const SharedOperation& op : mine) {
    const int64_t time = op.end_ns - ahead;
    mine_inside += time >= begin - tolerance && time <= end + tolerance;
    while (next < reference.size() && reference[next].end_ns < time - tolerance) ++next;
    const bool same = next < reference.size() && reference[next].end_ns <= time + tolerance &&
                      reference[next].function == op.function;
    match.push_back(same ? static_cast<int64_t>(next++) : -1);
    matched += same;
  }
  size_t reference_inside = 0;
  for (const SharedOperation& op : reference) {
    reference_inside += op.end_ns >= mine.front().end_ns - ahead - tolerance &&
                        op.end_ns <= mine.back().end_ns - ahead + tolerance;
  }
  const bool agree = 10 * matched >= kAgreeingTenths * std::max(mine_inside, reference_inside);
  if (!agree || matched < std::min(kFewestAgreeing, mine.size())) return std::nullopt;
  return match;
}

// How well mine fits when its i-th operation is the (i + shift)-th of the reference.
struct Fit {
  int64_t shift = 0, ahead = 0;
  int64_t spread = INT64_MAX;  // median distance of the differences of ends from their median
};

std::optional<Fit> FitOf(const Operations& reference, const Operations& mine, int64_t shift, bool sizes) {
  const auto size = static_cast<int64_t>(mine.size());
  const int64_t first = std::max<int64_t>(0, -shift),
                last = std::min(size, static_cast<int64_t>(reference.size()) - shift);
  if (last - first < 1) return std::nullopt;
  const int64_t every = (last - first + static_cast<int64_t>(kSampledPairs) - 1) / kSampledPairs;
  std::vector<int64_t> off;
  for (int64_t i = first; i < last; i += every) {
    const SharedOperation &a = reference[i + shift], &b = mine[i];
    if (sizes ? !SameCall(a, b) : a.function != b.function) return std::nullopt;
    off.push_back(b.end_ns - a.end_ns);
  }
  Fit fit{.shift = shift, .ahead = localize::Median(off)};
  for (int64_t& difference : off) difference = std::abs(difference - fit.ahead);
  fit.spread = localize::Median(std::move(off));
  return fit;
}

Match Shifted(const Operations& reference, const Operations& mine, int64_t shift) {
  Match match;
  for (int64_t i = 0; i < static_cast<int64_t>(mine.size()); ++i) {
    const bool inside = i + shift >= 0 && i + shift < static_cast<int64_t>(reference.size());
    match.push_back(inside ? i + shift : -1);
  }
  return match;
}

// All shifts in which three quarters of mine lie inside of the reference, the best rhythm first. With `sizes`
// only those in which all calls agree.
std::vector<Fit> FitsOf(const Operations& reference, const Operations& mine, bool sizes) {
  const auto quarter = static_cast<int64_t>(mine.size() / 4);
  std::vector<Fit> fits;
  for (int64_t shift = -quarter;
       shift <= static_cast<int64_t>(reference.size()) - static_cast<int64_t>(mine.size()) + quarter;
       ++shift) {
    if (const auto fit = FitOf(reference, mine, shift, sizes)) fits.push_back(*fit);
  }
  std::stable_sort(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) { return a.spread < b.spread; });
  return fits;
}

bool ClearlyBetter(const Fit& fit, const Fit& other) {
  return fit.spread <= other.spread / kClearlyBetter && fit.spread < other.spread;
}

std::optional<Match> ByRhythm(const Operations& reference, const Operations& mine) {
  const std::vector<Fit> fits = FitsOf(reference, mine, false);
  if (fits.empty()) return std::nullopt;
  if (mine.size() == reference.size()) {
    const auto straight = std::find_if(fits.begin(), fits.end(), [](const Fit& f) { return f.shift == 0; });
    if (straight != fits.end() && !ClearlyBetter(fits.front(), *straight)) return Shifted(reference, mine, 0);
  }
  if (fits.size() == 1 || ClearlyBetter(fits[0], fits[1])) return Shifted(reference, mine, fits[0].shift);
  const std::vector<Fit> same_calls = FitsOf(reference, mine, true);
  if (same_calls.size() == 1 && mine.size() >= kFewestAgreeing)
    return Shifted(reference, mine, same_calls[0].shift);
  // Of regular steps the shift that needs the smallest error of a clock, if clocks can be as wrong as that
  // and the next one needs much more.
  const auto least = std::min_element(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) {
    return std::abs(a.ahead) < std::abs(b.ahead);
  });
  if (std::abs(least->ahead) > std::min(kServedClocksNs, UsualGap(reference) / 8)) return std::nullopt;
  return ByTime(reference, mine, least->ahead);
}

// Pairs that are not the same call.
size_t Disagreements(const Operations& reference, const Operations& mine, const Match& match) {
  size_t different = 0;
  for (size_t i = 0; i < mine.size(); ++i)
    different += match[i] >= 0 && !SameCall(reference[match[i]], mine[i]);
  return different;
}

// Numbers that count something else, too, and clocks that are off match other calls: then these agree better
// in plain order.
bool Believed(const Operations& reference, const Operations& mine, const std::optional<Match>& match) {
  return match && Disagreements(reference, mine, *match) <=
                      Disagreements(reference, mine, Shifted(reference, mine, 0));
}

std::optional<Match> MatchOf(const Operations& reference, const Operations& mine) {
  if (auto match = ById(reference, mine); Believed(reference, mine, match)) return match;
  if (auto match = ByTime(reference, mine, 0); Believed(reference, mine, match)) return match;
  return ByRhythm(reference, mine);
}

bool HaveTimes(const std::vector<Operations>& ranks) {
  return std::all_of(ranks.begin(), ranks.end(), [](const Operations& operations) {
    return std::all_of(operations.begin(), operations.end(),
                       [](const SharedOperation& op) { return op.end_ns != kNotTold; });
  });
}

// Each rank's calls in a row from where its window begins.
SharedOrder OrderOfCalls(const std::vector<Operations>& ranks) {
  const std::vector<uint32_t> begins = WindowBegins(ranks);
  SharedOrder order;
  for (size_t r = 0; r < ranks.size(); ++r) {
    order.shifted = order.shifted || begins[r] > 0;
    auto& numbers = order.number.emplace_back();
    for (size_t i = 0; i < ranks[r].size(); ++i) numbers.push_back(begins[r] + static_cast<uint32_t>(i) + 1);
  }
  return order;
}

}  // namespace

SharedOrder FindSharedOrder(const std::vector<std::vector<SharedOperation>>& ranks) {
  if (!HaveTimes(ranks)) return OrderOfCalls(ranks);
  SharedOrder order;
  order.number.resize(ranks.size());
  size_t most = 0;
  for (size_t r = 0; r < ranks.size(); ++r) {
    order.number[r].assign(ranks[r].size(), 0);
    if (ranks[r].size() > ranks[most].size()) most = r;
  }
  std::vector<Match> matches(ranks.size());
  int64_t first = 0, last = INT64_MAX;  // on the reference: what all ranks profiled
  for (size_t r = 0; r < ranks.size(); ++r) {
    if (ranks[r].empty()) continue;
    std::optional<Match> match =
        r == most ? Shifted(ranks[most], ranks[r], 0) : MatchOf(ranks[most], ranks[r]);
    const auto has_one = [](int64_t i) { return i >= 0; };
    if (!match || std::none_of(match->begin(), match->end(), has_one)) {
      order.told = false;
      continue;
    }
    first = std::max(first, *std::find_if(match->begin(), match->end(), has_one));
    last = std::min(last, *std::find_if(match->rbegin(), match->rend(), has_one));
    matches[r] = *std::move(match);
  }
  order.told = order.told && first <= last;
  for (size_t r = 0; r < ranks.size(); ++r) {
    for (size_t i = 0; i < ranks[r].size(); ++i) {
      const bool inside = order.told && matches[r][i] >= first && matches[r][i] <= last;
      if (inside) order.number[r][i] = static_cast<uint32_t>(matches[r][i] - first + 1);
      order.left_out += !inside;
    }
  }
  return order;
}

}  // namespace rankle::import
