#include "analyzer/import/logs/log_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "absl/strings/ascii.h"

namespace rankle::import {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Two digits at `at`, -1 = none.
int TwoDigits(std::string_view text, size_t at) {
  if (at + 2 > text.size() || !IsDigit(text[at]) || !IsDigit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

// A rank of more than seven digits is something else.
int32_t SmallNumber(std::string_view text, size_t at, size_t& end) {
  int32_t value = 0;
  end = at;
  while (end < text.size() && IsDigit(text[end]) && end - at < 7) value = value * 10 + (text[end++] - '0');
  return end == at ? -1 : value;
}

constexpr size_t kLongestPrefix = 256;

// One tag at the beginning; how long it is, 0 = there is none.
size_t TagLength(std::string_view text, TaggedLine& line) {
  size_t end = 0;
  if (text.starts_with("[rank")) {
    const int32_t rank = SmallNumber(text, 5, end);
    if (rank < 0 || text.substr(end, 1) != "]") return 0;
    line.rank = rank;
    return end + (text.substr(end, 2) == "]:" ? 2 : 1);
  }
  if (text.starts_with("[default")) {
    const int32_t rank = SmallNumber(text, 8, end);
    if (rank < 0 || text.substr(end, 2) != "]:") return 0;
    line.local_rank = rank;
    return end + 2;
  }
  if (text.starts_with("[")) {
    size_t comma = 0;
    if (SmallNumber(text, 1, comma) < 0 || text.substr(comma, 1) != ",") return 0;
    const int32_t rank = SmallNumber(text, comma + 1, end);
    if (rank < 0 || text.substr(end, 5) != "]<std") return 0;
    const size_t colon = text.find(">:", end);
    if (colon == std::string_view::npos || colon > end + 9) return 0;
    line.rank = rank;
    return colon + 2;
  }
  size_t blanks = 0;
  while (blanks < text.size() && text[blanks] == ' ' && blanks < 7) ++blanks;
  const int32_t rank = SmallNumber(text, blanks, end);
  if (rank < 0 || text.substr(end, 2) != ": ") return 0;
  line.rank = rank;
  return end + 2;
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<int, 12> kDaysBefore = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335};

// The day that ends right before the time of day, as month * 100 + day; 0 = none.
int DateBefore(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == 'T' || text.back() == '_'))
    text.remove_suffix(1);
  size_t digits = 0;
  while (digits < text.size() && digits < 4 && IsDigit(text[text.size() - 1 - digits])) ++digits;
  if (digits == 0) return 0;
  const size_t begin = text.size() - digits;
  // "E603", "E1218", "E0325": glog, the month not padded
  if (digits >= 3 && begin > 0 && std::string_view("EWIF").find(text[begin - 1]) != std::string_view::npos) {
    const int month = digits == 3 ? text[begin] - '0' : TwoDigits(text, begin);
    return month * 100 + TwoDigits(text, text.size() - 2);
  }
  if (digits > 2) return 0;
  const int day = digits == 2 ? TwoDigits(text, begin) : text[begin] - '0';
  // "2025-05-21", "2025/05/21"
  if (begin >= 6 && (text[begin - 1] == '-' || text[begin - 1] == '/') && text[begin - 4] == text[begin - 1])
    return std::max(TwoDigits(text, begin - 3), 0) * 100 + day;
  // "Nov 22", "Jun  2"
  std::string_view before = text.substr(0, begin);
  while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
  if (before.size() < 3) return 0;
  const auto* month = std::find(kMonths.begin(), kMonths.end(), before.substr(before.size() - 3));
  return month == kMonths.end() ? 0 : (static_cast<int>(month - kMonths.begin()) + 1) * 100 + day;
}

// Fractions of a second in ns; further digits are dropped.
int64_t Fraction(std::string_view text) {
  if (text.empty() || (text[0] != '.' && text[0] != ',')) return 0;
  int64_t value = 0, unit = 100'000'000;
  for (size_t i = 1; i < text.size() && IsDigit(text[i]) && unit > 0; ++i, unit /= 10)
    value += (text[i] - '0') * unit;
  return value;
}

}  // namespace

bool Holds(std::string_view line, std::string_view text) { return line.find(text) != std::string_view::npos; }

std::string_view CleanLine(std::string_view line, std::string& scratch) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\0')) line.remove_suffix(1);
  if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);  // the byte order mark of a file
  if (line.find('\x1b') == std::string_view::npos) return line;
  scratch.clear();
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      scratch.push_back(line[i]);
      continue;
    }
    if (i + 1 >= line.size() || line[i + 1] != '[') continue;
    for (i += 2; i < line.size() && (line[i] < '@' || line[i] > '~');) ++i;
  }
  return scratch;
}

TaggedLine SplitTags(std::string_view line) {
  TaggedLine result;
  size_t length = 0;
  while (!line.empty() && (length = TagLength(line, result)) > 0) {
    line.remove_prefix(length);
    // Between a tag and the text stands one blank; more belong to the text (tracebacks are indented).
    if (line.starts_with(" ")) line.remove_prefix(1);
  }
  result.text = line;
  if (result.rank >= 0 || result.local_rank >= 0) return result;
  // Behind what collectors of output put before it, or a progress bar that has no end of line.
  const size_t at = line.substr(0, kLongestPrefix).find("[rank");
  if (at == std::string_view::npos || at == 0) return result;
  if (const size_t tag = TagLength(line.substr(at), result); tag > 0 && line.substr(at + tag - 1, 1) == ":") {
    line.remove_prefix(at + tag);
    if (line.starts_with(" ")) line.remove_prefix(1);
    result.text = line;
  } else {
    result.rank = -1;
  }
  return result;
}

TaggedLine TagsIn(std::string_view prefix) {
  TaggedLine result;
  TagLength(prefix, result);
  for (size_t at = prefix.find('['); at != std::string_view::npos; at = prefix.find('[', at + 1))
    TagLength(prefix.substr(at), result);
  return result;
}

std::string_view HostOfKernelLine(std::string_view text) {
  const size_t kernel = text.rfind(" kernel:");
  if (kernel == std::string_view::npos) return {};
  const size_t blank = text.rfind(' ', kernel - (kernel > 0 ? 1 : 0));
  const size_t begin = blank == std::string_view::npos ? 0 : blank + 1;
  return begin >= kernel ? std::string_view() : text.substr(begin, kernel - begin);
}

int64_t FindTime(std::string_view text) {
  for (size_t colon = text.find(':'); colon != std::string_view::npos; colon = text.find(':', colon + 1)) {
    if (colon < 2 || colon + 5 >= text.size() || text[colon + 3] != ':') continue;
    const int hour = TwoDigits(text, colon - 2), minute = TwoDigits(text, colon + 1),
              second = TwoDigits(text, colon + 4);
    if (hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 60) continue;
    const int date = DateBefore(text.substr(0, colon - 2));
    const int month = date / 100, day = date % 100;
    if (month < 1 || month > 12 || day < 1 || day > 31) continue;
    const int64_t seconds =
        (kDaysBefore[month - 1] + day) * int64_t{86'400} + hour * 3600 + minute * 60 + second;
    return seconds * 1'000'000'000 + Fraction(text.substr(colon + 6));
  }
  return 0;
}

int64_t YearTime(int64_t seconds) {
  // 9999-12-31: what is beyond is no time.
  if (seconds <= 0 || seconds > 253'402'300'799) return 0;
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const int days = kDaysBefore[static_cast<unsigned>(date.month()) - 1] +
                   static_cast<int>(static_cast<unsigned>(date.day()));
  return (days * int64_t{86'400} + (time - day).count()) * 1'000'000'000;
}

bool NumberAfter(std::string_view text, std::string_view word, int base, size_t& from, uint64_t& value) {
  size_t at = text.find(word, from);
  if (at == std::string_view::npos) return false;
  at += word.size();
  if (base == 16 && text.substr(at, 2) == "0x") at += 2;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  from = static_cast<size_t>(end - text.data());
  return true;
}

bool SignedAfter(std::string_view text, std::string_view word, size_t from, int64_t& value) {
  const size_t at = text.find(word, from);
  if (at == std::string_view::npos) return false;
  const char* begin = text.data() + at + word.size();
  return std::from_chars(begin, text.data() + text.size(), value).ec == std::errc();
}

int64_t NumberAfter(std::string_view text, std::string_view word, int64_t otherwise) {
  int64_t value = 0;
  return SignedAfter(text, word, 0, value) ? value : otherwise;
}

std::string Printable(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    size_t length = first < 0x80                    ? 1
                    : first >= 0xc2 && first < 0xe0 ? 2
                    : first >= 0xe0 && first < 0xf0 ? 3
                                                    : 0;
    for (size_t k = 1; k < length; ++k) {
      if (i + k >= text.size() || (static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) length = 0;
    }
    // Overlong forms and surrogates are no characters; what needs four bytes does not occur in logs.
    if (length == 3) {
      const unsigned code = (first & 0xfu) << 12 | (static_cast<unsigned char>(text[i + 1]) & 0x3fu) << 6;
      if (code < 0x800 || (code >= 0xd800 && code < 0xe000)) length = 0;
    }
    if (length == 0 || (length == 1 && (first < ' ' || first == 0x7f))) {
      result.push_back('?'), ++i;
      continue;
    }
    result.append(text.substr(i, length)), i += length;
  }
  return result;
}

std::string_view Between(std::string_view text, std::string_view open, std::string_view close) {
  const size_t begin = text.find(open);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + open.size());
  const size_t end = text.find(close);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

}  // namespace rankle::import
