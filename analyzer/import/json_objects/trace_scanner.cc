#include "analyzer/import/json_objects/trace_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

// Bytes that matter outside of strings inside of a value.
constexpr std::array<bool, 256> kStructural = [] {
  std::array<bool, 256> table{};
  for (char c : {'"', '{', '}', '[', ']', ','}) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

absl::Status TraceScanner::Error(const char* what) const {
  return absl::InvalidArgumentError(absl::StrCat("byte ", at_error_, ": ", what));
}

bool TraceScanner::SkipValue(const char*& at, const char* end) {
  const char* p = at;
  while (p < end) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false, ++p;
        continue;
      }
      while (p < end && *p != '"' && *p != '\\') ++p;
      if (p == end) break;
      in_string_ = *p == '\\', escaped_ = in_string_;
      ++p;
      if (!in_string_ && depth_ == 0) {  // the value was a string
        at = p;
        return true;
      }
      continue;
    }
    while (p < end && !kStructural[static_cast<uint8_t>(*p)]) ++p;
    if (p == end) break;
    switch (*p) {
      case '"':
        in_string_ = true;
        break;
      case '{':
      case '[':
        ++depth_;
        break;
      case ',':
        if (depth_ == 0) {  // the end of a number or word
          at = p;
          return true;
        }
        break;
      default:  // a closing bracket
        if (depth_ == 0) {
          at = p;
          return true;
        }
        if (--depth_ == 0) {
          at = p + 1;
          return true;
        }
    }
    ++p;
  }
  at = end;
  return false;
}

absl::Status TraceScanner::Feed(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const char* value = at;  // where the value or key that is being read begins in this chunk
  const auto whole = [&](const char* value_end) {
    if (kept_.empty()) return std::string_view(value, static_cast<size_t>(value_end - value));
    Keep(value, value_end);
    return std::string_view(kept_);
  };
  while (at < end) {
    at_error_ = offset_ + static_cast<uint64_t>(at - bytes.data());
    switch (place_) {
      case Place::kStart:
        if (*at == '{') {
          place_ = Place::kTop;
        } else if (*at == '[') {
          place_ = Place::kBetween, bare_list_ = true;
        } else if (mark_bytes_ == at_error_ && mark_bytes_ < kByteOrderMark.size() &&
                   *at == kByteOrderMark[mark_bytes_]) {
          ++mark_bytes_;
        } else if (!IsBlank(*at)) {
          return Error("neither an object nor a list: no trace");
        }
        ++at;
        break;
      case Place::kTop:
        if (*at == '"') {
          place_ = Place::kKey, value = at + 1;
        } else if (*at == '}') {
          place_ = Place::kEnd;
        } else if (!IsBlank(*at) && *at != ',') {
          return Error("a key was expected");
        }
        ++at;
        break;
      case Place::kKey: {
        const auto* quote = static_cast<const char*>(std::memchr(at, '"', static_cast<size_t>(end - at)));
        at = quote == nullptr ? end : quote;
        if (quote == nullptr) break;
        key_ = whole(at);
        kept_.clear();
        place_ = Place::kColon;
        ++at;
        break;
      }
      case Place::kColon:
        if (*at == ':' || IsBlank(*at)) {
          ++at;
        } else if (*at == '[' && std::find(lists_.begin(), lists_.end(), key_) != lists_.end()) {
          place_ = Place::kBetween, ++at;
        } else {
          place_ = Place::kTopValue, value = at;
        }
        break;
      case Place::kTopValue:
        if (!SkipValue(at, end)) break;
        if (sink_.top_value) sink_.top_value(key_, whole(at));
        kept_.clear();
        place_ = Place::kTop;
        break;
      case Place::kBetween:
        if (*at == '{') {
          place_ = Place::kEvent, value = at;
          break;
        }
        if (*at == ']') {
          place_ = bare_list_ ? Place::kEnd : Place::kTop;
        } else if (!IsBlank(*at) && *at != ',') {
          return Error("an event was expected");
        }
        ++at;
        break;
      case Place::kEvent:
        if (!SkipValue(at, end)) break;
        ++events_;
        if (sink_.event) sink_.event(whole(at));
        kept_.clear();
        place_ = Place::kBetween;
        break;
      case Place::kEnd:
        if (!IsBlank(*at) && *at != '\0') return Error("something follows the end of the trace");
        ++at;
        break;
    }
  }
  if (place_ == Place::kKey || place_ == Place::kTopValue || place_ == Place::kEvent) {
    // A key that began with the last byte begins behind the end.
    if (value <= end) Keep(value, end);
    at_error_ = offset_;
    if (kept_.size() > kMaxValueBytes) return Error("a value of more than 64 MiB: no trace");
  }
  offset_ += bytes.size();
  return absl::OkStatus();
}

absl::Status TraceScanner::Finish() const {
  if (place_ == Place::kEnd) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("cut short after ", offset_, " bytes and ", events_, " events"));
}

}  // namespace rankle::import
