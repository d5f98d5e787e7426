// Cuts a JSON trace, which is one long list of objects and little else, into its objects and its other
// top-level values, while it is read: a trace of gigabytes never lies in memory. That is a Chrome trace
// ({"traceEvents": [...], ...} or a bare list of events), or an execution trace ({"nodes": [...], ...}). No
// JSON is checked here beyond what finds the ends of values; whoever takes an event parses it. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace rankle::import {

// What some editors and shells put before a text in UTF-8.
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class TraceScanner {
 public:
  struct Sink {
    std::function<void(std::string_view event)> event;  // the text of an object
    std::function<void(std::string_view key, std::string_view value)>
        top_value;  // key without quotes, as written
  };
  // An event or another value of more bytes than this is no trace.
  static constexpr size_t kMaxValueBytes = 64 << 20;

  // `lists`: keys of the top-level object whose values are such lists.
  explicit TraceScanner(Sink sink, std::vector<std::string> lists = {"traceEvents"})
      : sink_(std::move(sink)), lists_(std::move(lists)) {}

  // The next bytes of the file. Views given to the sink are valid during the call. Errors: text that can be
  // no trace, with the offset; a value that is too long. Nothing may be fed after an error.
  absl::Status Feed(std::string_view bytes);
  // The file has ended. Error: inside of a value (the writer was killed); what came before has been
  // delivered.
  absl::Status Finish() const;

  uint64_t events() const { return events_; }

 private:
  // Where the next byte belongs to.
  enum class Place : uint8_t {
    kStart,     // before the first bracket
    kTop,       // in the top-level object, before a key
    kKey,       // inside of a key
    kColon,     // after a key
    kTopValue,  // inside of a value of the top-level object
    kBetween,   // in the list of events, between two
    kEvent,     // inside of an event
    kEnd,       // after the last bracket
  };
  absl::Status Error(const char* what) const;
  // Reads on inside of a value; true when it ended before `at`.
  bool SkipValue(const char*& at, const char* end);
  void Keep(const char* begin, const char* end) { kept_.append(begin, end); }

  Sink sink_;
  std::vector<std::string> lists_;
  Place place_ = Place::kStart;
  bool bare_list_ = false;
  bool in_string_ = false, escaped_ = false;
  uint32_t depth_ = 0;  // brackets open inside of the value
  std::string kept_;    // of the value or key, from earlier chunks
  std::string key_;
  size_t mark_bytes_ = 0;  // of a byte order mark, read so far
  uint64_t offset_ = 0;    // of the chunk in the file
  uint64_t at_error_ = 0;
  uint64_t events_ = 0;
};

}  // namespace rankle::import
