// Comments that silence checks, as clang-tidy has them: `// NOLINT`, `// NOLINT(rankle-count-in-bytes)` on
// the line, `// NOLINTNEXTLINE(...)` on the line before, `// NOLINTBEGIN(...)` to `// NOLINTEND(...)` around.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rankle::lint {

// Of one file, whose text must outlive it.
class Suppressions {
 public:
  explicit Suppressions(std::string_view text);
  // Is the check silenced at this offset? Names in the comments may have globs, and may be written nccl-NAME,
  // rankle-NAME or rankle-nccl-NAME.
  bool Silence(size_t offset, std::string_view check) const;

 private:
  enum class Kind : uint8_t { kLine, kNextLine, kBegin, kEnd };
  struct Marker {
    size_t offset;
    Kind kind;
    bool all;               // without a list
    std::string_view list;  // of checks
  };
  static bool Names(const Marker& marker, std::string_view check);

  std::string_view text_;
  std::vector<Marker> markers_;  // by offset
};

}  // namespace rankle::lint
