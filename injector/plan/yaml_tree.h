// A YAML document as a small tree of strings with line numbers. Stricter than YAML where leniency hides
// mistakes: keys are unique plain words, there are no anchors, aliases or tags, and one file holds one
// document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::plan {

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 1;
  std::string text;               // kScalar
  std::vector<std::string> keys;  // kMap: key i belongs to child i
  std::vector<int> key_lines;
  std::vector<YamlNode> children;  // kList, kMap

  const YamlNode* Find(std::string_view key) const;
};

// Errors begin with "name:line: ".
absl::StatusOr<YamlNode> ParseYaml(std::string_view text, std::string_view name);

}  // namespace rankle::plan
