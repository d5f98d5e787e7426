#include "injector/plan/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kTimes[] = {
    {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}};
constexpr Unit kSizes[] = {
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}};

absl::Status Wrong(std::string_view text, std::string_view is_not) {
  return Invalid(Concat("'", text, "' is not ", is_not));
}

template <typename Number>
std::optional<Number> Whole(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const Unit* FindUnit(std::span<const Unit> units, std::string_view name) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : &*found;
}

// number x unit, at most INT64_MAX. Whole numbers stay exact; fractions ("1.5s") go through double.
std::optional<int64_t> Scale(std::string_view number, uint64_t factor) {
  if (const auto whole = Whole<uint64_t>(number)) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(*whole, factor, &product) || product > INT64_MAX) return std::nullopt;
    return static_cast<int64_t>(product);
  }
  const auto real = Whole<double>(number);
  if (!real || !(*real >= 0)) return std::nullopt;
  const double product = std::round(*real * static_cast<double>(factor));
  if (!(product < 0x1p63)) return std::nullopt;
  return static_cast<int64_t>(product);
}

// Splits "1.5ms" into number and unit.
struct Amount {
  std::string_view number, unit;
};
Amount SplitAmount(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && (text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) ++end;
  return {text.substr(0, end), text.substr(end)};
}

std::string Format(uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) return Concat(value / unit.factor, unit.name);
  }
  return Concat("0", units.back().name);
}

bool ConsumePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// `bound` + shift, kept inside int64.
int64_t Shift(int64_t bound, int64_t shift) {
  int64_t result = 0;
  return __builtin_add_overflow(bound, shift, &result) ? bound : result;
}

}  // namespace

absl::StatusOr<uint64_t> ParseDuration(std::string_view text) {
  const auto [number, unit_name] = SplitAmount(text);
  if (text == "0") return 0;
  if (!number.empty() && unit_name.empty()) {
    return Invalid(Concat("'", text, "' has no unit: write ", text, "ms, or ns, us, s, m"));
  }
  const Unit* unit = FindUnit(kTimes, unit_name);
  const auto value = unit == nullptr ? std::nullopt : Scale(number, unit->factor);
  if (!value) return Wrong(text, "a duration: 500us, 20ms, 1.5s (units ns, us, ms, s, m)");
  return static_cast<uint64_t>(*value);
}

absl::StatusOr<int64_t> ParseSize(std::string_view text) {
  const auto [number, unit_name] = SplitAmount(text);
  const Unit* unit = FindUnit(kSizes, unit_name.empty() ? "B" : unit_name);
  const auto value = unit == nullptr ? std::nullopt : Scale(number, unit->factor);
  if (!value) return Wrong(text, "a size: 512, 64KiB, 1.5MiB (units B, KiB, MiB, GiB, TiB)");
  return *value;
}

absl::StatusOr<int64_t> ParseRate(std::string_view text) {
  std::string_view size = text;
  if (size.ends_with("/s")) size.remove_suffix(2);
  const auto value = ParseSize(size);
  if (!value.ok() || *value == 0) return Wrong(text, "a rate above 0: 100MiB/s, 1GiB/s");
  return *value;
}

absl::StatusOr<int64_t> ParseInteger(std::string_view text) {
  const auto value = Whole<int64_t>(text);
  if (!value) return Wrong(text, "a whole number");
  return *value;
}

absl::StatusOr<double> ParseReal(std::string_view text) {
  const auto value = Whole<double>(text);
  if (!value || !std::isfinite(*value)) return Wrong(text, "a number");
  return *value;
}

absl::StatusOr<Range> ParseRange(std::string_view text, ParseBound parse, int64_t least) {
  std::string_view rest = text;
  Range range{least, INT64_MAX};
  absl::Status bad;
  auto bound = [&](std::string_view digits, int64_t& into, int64_t shift) {
    const auto value = parse(digits);
    if (value.ok()) {
      into = Shift(*value, shift);
    } else {
      bad = Wrong(text, "a number or range: 3, 10..20, 100.., >=8");
    }
  };
  if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
    const std::string_view first = text.substr(0, dots);
    const std::string_view last = text.substr(dots + 2);
    if (first.empty() && last.empty()) return Wrong(text, "a range: 10..20, 100.., ..50");
    if (!first.empty()) bound(first, range.first, 0);
    if (!last.empty()) bound(last, range.last, 0);
  } else if (ConsumePrefix(rest, ">=")) {
    bound(rest, range.first, 0);
  } else if (ConsumePrefix(rest, "<=")) {
    bound(rest, range.last, 0);
  } else if (ConsumePrefix(rest, ">")) {
    bound(rest, range.first, 1);
  } else if (ConsumePrefix(rest, "<")) {
    bound(rest, range.last, -1);
  } else {
    bound(rest, range.first, 0);
    range.last = range.first;
  }
  if (!bad.ok()) return bad;
  if (range.first < least) return Invalid(Concat("'", text, "' goes below ", least));
  if (range.last < range.first) return Invalid(Concat("'", text, "' is an empty range"));
  return range;
}

absl::StatusOr<RangeList> ParseRanges(std::span<const std::string> texts, ParseBound parse, int64_t least) {
  std::vector<Range> ranges;
  for (const std::string& text : texts) {
    const auto range = ParseRange(text, parse, least);
    if (!range.ok()) return range.status();
    ranges.push_back(*range);
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  RangeList list;
  for (const Range& range : ranges) {
    Range* previous = list.count == 0 ? nullptr : &list.ranges[list.count - 1];
    if (previous != nullptr && (previous->last == INT64_MAX || range.first <= previous->last + 1)) {
      previous->last = std::max(previous->last, range.last);
    } else if (list.count == kMaxListValues) {
      return Invalid(Concat("more than ", kMaxListValues, " separate ranges in one list"));
    } else {
      list.ranges[list.count++] = range;
    }
  }
  return list;
}

std::string FormatDuration(uint64_t ns) { return Format(ns, kTimes); }

std::string FormatSize(int64_t bytes) { return Format(static_cast<uint64_t>(bytes), kSizes); }

std::string FormatReal(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end);
}

std::string FormatRanges(const RangeList& list, FormatBound format) {
  std::string text;
  for (uint32_t i = 0; i < list.count; ++i) {
    const Range& range = list.ranges[i];
    if (i != 0) text += ',';
    text += format(range.first);
    if (range.last == range.first) continue;
    text += "..";
    if (range.last != INT64_MAX) text += format(range.last);
  }
  return text;
}

}  // namespace rankle::plan
