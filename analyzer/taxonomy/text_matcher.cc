#include "analyzer/taxonomy/text_matcher.h"

#include <algorithm>

namespace rankle::taxonomy {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "ncclAbort" is not found in "myncclAbort" nor in "ncclAborted".
bool IsWholeWord(std::string_view line, size_t begin, size_t end) {
  const bool joined_before = begin > 0 && IsWord(line[begin - 1]) && IsWord(line[begin]);
  const bool joined_after = end < line.size() && IsWord(line[end]) && IsWord(line[end - 1]);
  return !joined_before && !joined_after;
}

}  // namespace

TextMatcher::TextMatcher(const std::vector<std::string>& texts) : nodes_(1), texts_(texts) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    if (texts_[i].empty()) continue;
    int32_t node = 0;
    for (const char c : texts_[i]) {
      const auto byte = static_cast<unsigned char>(c);
      if (nodes_[node].next[byte] == 0) {
        nodes_.emplace_back();
        nodes_[node].next[byte] = static_cast<int32_t>(nodes_.size()) - 1;
      }
      node = nodes_[node].next[byte];
    }
    nodes_[node].ends.push_back(i);
  }
  // Breadth first, so that the suffix of a node is complete before the node itself.
  std::vector<int32_t> suffix(nodes_.size(), 0), queue;
  for (const int32_t child : nodes_[0].next) {
    if (child != 0) queue.push_back(child);
  }
  for (size_t at = 0; at < queue.size(); ++at) {
    const int32_t node = queue[at];
    const int32_t shorter = suffix[node];
    nodes_[node].shorter = nodes_[shorter].ends.empty() ? nodes_[shorter].shorter : shorter;
    for (size_t byte = 0; byte < 256; ++byte) {
      const int32_t child = nodes_[node].next[byte];
      if (child == 0) {
        nodes_[node].next[byte] = nodes_[shorter].next[byte];
      } else {
        suffix[child] = nodes_[shorter].next[byte];
        queue.push_back(child);
      }
    }
  }
}

std::vector<size_t> TextMatcher::Find(std::string_view line) const {
  std::vector<size_t> found;
  int32_t node = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    node = nodes_[node].next[static_cast<unsigned char>(line[i])];
    for (int32_t at = node; at != 0; at = nodes_[at].shorter) {
      for (const size_t text : nodes_[at].ends) {
        if (IsWholeWord(line, i + 1 - texts_[text].size(), i + 1)) found.push_back(text);
      }
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace rankle::taxonomy
