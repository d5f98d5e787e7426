// Comments that silence checks, as clang-tidy has them: `// NOLINT`, `// NOLINT(rankle-count-in-bytes)` on
// the line, `// NOLINTNEXTLINE(...)` on the line before, `// NOLINTBEGIN(...)` to `// NOLINTEND(...)` around.
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace rankle::lint {

// Names in the list may have globs, and may be written nccl-NAME, rankle-NAME or rankle-nccl-NAME.
bool IsSuppressed(std::string_view text, size_t offset, std::string_view check);

}  // namespace rankle::lint
