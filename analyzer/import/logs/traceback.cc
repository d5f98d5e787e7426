#include "analyzer/import/logs/traceback.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/log_text.h"

namespace rankle::import {
namespace {

constexpr std::string_view kBegin = "Traceback (most recent call last):";
constexpr std::string_view kTerminate = "terminate called after throwing an instance of '";
// A traceback of this many lines has lost its end, or its lines are not those of one process.
constexpr int kMostLines = 2000;
constexpr size_t kMostText = 300;

// "RuntimeError: ...", "torch.cuda.OutOfMemoryError: ...", "KeyboardInterrupt": a dotted name before a colon.
bool IsError(std::string_view text) {
  size_t end = 0;
  while (end < text.size() &&
         (absl::ascii_isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_' || text[end] == '.'))
    ++end;
  return end > 2 && (end == text.size() || text[end] == ':') &&
         absl::ascii_isalpha(static_cast<unsigned char>(text[0]));
}

// '  File "/a/train.py", line 120, in forward' -> 'train.py:120 in forward'
std::string PlaceOf(std::string_view text) {
  std::string_view file = Between(text, "File \"", "\"");
  file.remove_prefix(file.rfind('/') == std::string_view::npos ? 0 : file.rfind('/') + 1);
  const size_t in = text.rfind(", in ");
  const std::string function(in == std::string_view::npos ? "" : text.substr(in));
  return absl::StrCat(std::string(file), ":", NumberAfter(text, ", line ", int64_t{0}),
                      function.empty() ? "" : " in ", function.empty() ? "" : function.substr(5));
}

}  // namespace

bool TracebackReader::MayBegin(std::string_view text) {
  return text.starts_with(kBegin) || text.starts_with(kTerminate);
}

bool TracebackReader::Take(std::string_view text, TracebackEnd& end) {
  if (text.starts_with(kBegin)) {
    state_ = State::kFrames, lines_ = 0, place_.clear();
    return false;
  }
  if (text.starts_with(kTerminate)) {
    state_ = State::kTerminate, lines_ = 0, place_.clear();
    type_ = std::string(Between(text, "'", "'"));
    return false;
  }
  if (state_ == State::kOutside) return false;
  if (++lines_ > kMostLines) {
    state_ = State::kOutside;
    return false;
  }
  if (state_ == State::kTerminate) {
    state_ = State::kOutside;
    end = {type_, ""};
    if (const size_t what = text.find("what():"); what != std::string_view::npos) {
      const size_t begin = std::min(text.find_first_not_of(' ', what + 7), text.size());
      absl::StrAppend(&end.error, ": ", std::string(text.substr(begin, kMostText)));
    }
    return true;
  }
  if (text.empty() || text[0] == ' ' || text[0] == '\t') {
    if (text.find("File \"") != std::string_view::npos) place_ = PlaceOf(text).substr(0, kMostText);
    return false;
  }
  state_ = State::kOutside;
  if (!IsError(text)) return false;
  end = {std::string(text.substr(0, kMostText)), place_};
  return true;
}

}  // namespace rankle::import
