#include "analyzer/import/logs/line_prefix.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "analyzer/import/logs/log_text.h"

namespace rankle::import {
namespace {

// Longer ones are text that quotes a traceback.
constexpr size_t kLongest = 256;

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

}  // namespace

size_t FindTraceback(std::string_view line) {
  static constexpr std::string_view kTraceback = "Traceback (most recent call last):";
  static constexpr std::string_view kTerminate = "terminate called after throwing an instance of '";
  const size_t traceback = line.find(kTraceback);
  // Nothing stands behind it: else the line quotes one.
  if (traceback <= kLongest && traceback + kTraceback.size() == line.size()) return traceback;
  const size_t terminate = line.find(kTerminate);
  return terminate <= kLongest ? terminate : std::string_view::npos;
}

LinePrefix::LinePrefix(std::string_view text) : text_(text), has_time_(FindTime(text_ + " ") != 0) {}

bool LinePrefix::Fits(std::string_view line) const {
  if (line.size() < text_.size()) return false;
  return std::equal(text_.begin(), text_.end(), line.begin(),
                    [this](char a, char b) { return a == b || (has_time_ && IsDigit(a) && IsDigit(b)); });
}

}  // namespace rankle::import
