// `--checks`: globs in a list, later ones win; one with `-` before it takes checks away. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankle::lint {

class CheckGlobs {
 public:
  // "-*,nccl-group-*,-nccl-group-unbalanced". Names may also be written rankle-NAME.
  explicit CheckGlobs(const std::string& list);
  // `by_default`: what it is when no glob speaks of it.
  bool Wants(std::string_view check, bool by_default) const;
  // Globs that no check has: misspelt, as a rule.
  std::vector<std::string> Unused(const std::vector<std::string_view>& checks) const;

 private:
  struct Glob {
    bool wanted;
    std::string pattern;
  };
  std::vector<Glob> globs_;
};

}  // namespace rankle::lint
