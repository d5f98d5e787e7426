// Reading a YAML tree into values by tables of keys: what suite and campaign files share. A reader derives
// from YamlReader<itself> and has a setter a key; unknown keys are errors, and every error begins with
// "name:line: ".
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/launch/text.h"
#include "injector/plan/values.h"
#include "injector/plan/yaml_tree.h"

namespace rankle::cli {

template <typename Reader>
class YamlReader {
 protected:
  using YamlNode = plan::YamlNode;
  template <typename Target>
  struct Key {
    const char* name;
    absl::Status (Reader::*set)(const YamlNode&, Target&);
  };

  explicit YamlReader(std::string_view name) : name_(name) {}
  std::string_view name() const { return name_; }

  absl::Status At(int line, std::string_view what) const {
    return absl::InvalidArgumentError(Cat(name_, ":", line, ": ", what));
  }

  template <typename Value>
  absl::Status Take(const YamlNode& node, absl::StatusOr<Value> value, auto& target) const {
    if (!value.ok()) return At(node.line, StdView(value.status().message()));
    target = *value;
    return absl::OkStatus();
  }

  absl::Status TakeText(const YamlNode& node, std::string& target) const {
    if (node.kind != YamlNode::Kind::kScalar || node.text.empty())
      return At(node.line, "a text is wanted here");
    target = node.text;
    return absl::OkStatus();
  }

  absl::Status TakeInteger(const YamlNode& node, int64_t least, int64_t most, auto& target) const {
    int64_t value = 0;
    if (absl::Status status = Take(node, plan::ParseInteger(node.text), value); !status.ok()) return status;
    if (value < least || value > most)
      return At(node.line, Cat(value, " is not between ", least, " and ", most));
    target = static_cast<std::remove_reference_t<decltype(target)>>(value);
    return absl::OkStatus();
  }
  absl::Status TakeCount(const YamlNode& node, int& target) const {
    return TakeInteger(node, 1, 65536, target);
  }

  // A list into `target`, which is emptied first; one value stands for a list of one.
  template <typename Item>
  absl::Status TakeList(const YamlNode& node, std::vector<Item>& target, auto take) const {
    target.clear();
    const bool is_list = node.kind == YamlNode::Kind::kList;
    for (size_t i = 0; i < (is_list ? node.children.size() : 1); ++i) {
      if (absl::Status status = take(is_list ? node.children[i] : node, target.emplace_back()); !status.ok())
        return status;
    }
    return absl::OkStatus();
  }

  // Reads a map into `target` by a table of keys.
  template <typename Target, size_t kSize>
  absl::Status ReadMap(const YamlNode& node, std::string_view what, const Key<Target> (&keys)[kSize],
                       Target& target) {
    if (node.kind != YamlNode::Kind::kMap)
      return At(node.line, Cat("'", what, "' is a map of keys and values"));
    for (size_t i = 0; i < node.keys.size(); ++i) {
      const Key<Target>* key = std::find_if(std::begin(keys), std::end(keys), [&](const Key<Target>& known) {
        return node.keys[i] == known.name;
      });
      if (key == std::end(keys)) {
        std::string known;
        for (const Key<Target>& each : keys) known += Cat(known.empty() ? "" : ", ", each.name);
        return At(node.key_lines[i],
                  Cat("unknown key '", node.keys[i], "' in ", what, "; there are ", known));
      }
      absl::Status status = (static_cast<Reader*>(this)->*key->set)(node.children[i], target);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  std::string_view name_;
};

}  // namespace rankle::cli
