// Lines out of the pieces of a file, with bounded memory whatever the file holds. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rankle::import {

class LineSplitter {
 public:
  // Beyond this a line is data, not a message: its beginning is given, the rest dropped.
  static constexpr size_t kLongestLine = 64u << 10;

  // Calls take(line) for every line that ends in the piece, without its end.
  template <typename F>
  void Feed(std::string_view piece, const F& take) {
    while (!piece.empty()) {
      const size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
      if (partial_.empty() && end != std::string_view::npos) {
        cut_ += part.size() > kLongestLine;
        take(part.substr(0, kLongestLine));
        continue;
      }
      Keep(part);
      if (end != std::string_view::npos) End(take);
    }
  }
  // The last line, which has no end.
  template <typename F>
  void Finish(const F& take) {
    if (!partial_.empty()) End(take);
  }
  uint64_t cut_lines() const { return cut_; }

 private:
  void Keep(std::string_view part) {
    const size_t room = kLongestLine - partial_.size();
    is_cut_ = is_cut_ || part.size() > room;
    partial_.append(part.substr(0, room));
  }
  template <typename F>
  void End(const F& take) {
    cut_ += is_cut_, is_cut_ = false;
    take(std::string_view(partial_));
    partial_.clear();
  }

  std::string partial_;
  bool is_cut_ = false;
  uint64_t cut_ = 0;
};

}  // namespace rankle::import
