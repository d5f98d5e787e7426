// Finds many literal texts in one pass (Aho-Corasick): the cost does not grow with their number, so logs of
// gigabytes can be held against every signature. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::taxonomy {

class TextMatcher {
 public:
  // Empty texts match nothing.
  explicit TextMatcher(const std::vector<std::string>& texts);

  // Indices of the texts that occur in `line` as whole words, each once, in increasing order.
  std::vector<size_t> Find(std::string_view line) const;

 private:
  struct Node {
    std::array<int32_t, 256> next{};  // 0 = the root; the automaton is complete
    int32_t shorter = 0;              // the node of the longest proper suffix at which a text ends, 0 = none
    std::vector<size_t> ends;         // texts that end here
  };
  std::vector<Node> nodes_;
  std::vector<std::string> texts_;
};

}  // namespace rankle::taxonomy
