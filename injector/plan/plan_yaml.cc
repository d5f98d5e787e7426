#include "injector/plan/plan_yaml.h"

#include <charconv>
#include <string>

#include "injector/plan/suggest.h"
#include "injector/plan/text.h"
#include "injector/plan/yaml_tree.h"

namespace rankle::plan {
namespace {

using Kind = YamlNode::Kind;

std::string_view KindName(Kind kind) {
  constexpr std::string_view kNames[] = {"nothing", "a value", "a list", "a map"};
  return kNames[static_cast<size_t>(kind)];
}

class PlanReader {
 public:
  explicit PlanReader(std::string_view name) : name_(name) {}

  absl::StatusOr<RawPlan> Read(const YamlNode& root) {
    static const std::vector<std::string_view> kKeys = {"version", "seed", "faults"};
    if (root.kind != Kind::kMap) return At(root.line, "a plan is a map with version, seed and faults");
    if (const auto known = CheckKeys(root, kKeys, "plan"); !known.ok()) return known;
    const YamlNode* version = root.Find("version");
    if (version == nullptr) return At(root.line, "'version: 1' is missing");
    if (version->kind != Kind::kScalar || version->text != "1") {
      return At(version->line,
                Concat("version '", version->text, "' is not supported; this rankle reads version 1"));
    }
    RawPlan plan;
    if (const YamlNode* seed = root.Find("seed")) {
      if (const auto read = ReadSeed(*seed, plan); !read.ok()) return read;
    }
    const YamlNode* faults = root.Find("faults");
    if (faults == nullptr) return At(root.line, "'faults' is missing: a list of faults");
    if (faults->kind != Kind::kList)
      return At(faults->line, Concat("'faults' must be a list, not ", KindName(faults->kind)));
    for (const YamlNode& node : faults->children) {
      auto fault = ReadFault(node);
      if (!fault.ok()) return fault.status();
      plan.faults.push_back(*std::move(fault));
    }
    return plan;
  }

 private:
  std::string Place(int line) const { return Concat(name_, ":", line); }
  absl::Status At(int line, std::string_view what) const { return Invalid(Concat(Place(line), ": ", what)); }

  absl::Status CheckKeys(const YamlNode& map, const std::vector<std::string_view>& known,
                         std::string_view of) const {
    for (size_t i = 0; i < map.keys.size(); ++i) {
      bool found = false;
      for (std::string_view key : known) found = found || key == map.keys[i];
      if (found) continue;
      return At(map.key_lines[i], Concat("unknown key '", map.keys[i], "' in a ", of,
                                         DidYouMean(map.keys[i], known), "; allowed: ", Join(known, " ")));
    }
    return absl::OkStatus();
  }

  absl::Status ReadSeed(const YamlNode& node, RawPlan& plan) const {
    uint64_t seed = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [stop, error] = std::from_chars(node.text.data(), end, seed);
    if (node.kind != Kind::kScalar || error != std::errc() || stop != end) {
      return At(node.line, Concat("seed: '", node.text, "' is not a whole number from 0 on"));
    }
    plan.seed = seed;
    return absl::OkStatus();
  }

  absl::StatusOr<RawFault> ReadFault(const YamlNode& node) const {
    static const std::vector<std::string_view> kKeys = {"name", "do", "on", "where", "when", "with"};
    if (node.kind != Kind::kMap) return At(node.line, Concat("a fault is a map, not ", KindName(node.kind)));
    if (const auto known = CheckKeys(node, kKeys, "fault"); !known.ok()) return known;
    RawFault fault;
    fault.place = fault.action_place = fault.on_place = fault.name_place = Place(node.line);
    if (const auto read = ReadWord(node, "name", fault.name, fault.name_place); !read.ok()) return read;
    if (const auto read = ReadWord(node, "do", fault.action, fault.action_place); !read.ok()) return read;
    if (const YamlNode* on = node.Find("on")) {
      fault.on_place = Place(on->line);
      const auto value = ReadPlain(*on, "on");
      if (!value.ok()) return value.status();
      fault.on = *value;
    }
    for (const auto& [key, section] : {std::pair{"where", Section::kWhere}, std::pair{"when", Section::kWhen},
                                       std::pair{"with", Section::kWith}}) {
      const YamlNode* map = node.Find(key);
      if (map == nullptr || map->kind == Kind::kNull) continue;
      if (map->kind != Kind::kMap)
        return At(map->line, Concat("'", key, "' must be a map, not ", KindName(map->kind)));
      if (const auto read = ReadSection(*map, section, fault); !read.ok()) return read;
    }
    return fault;
  }

  absl::Status ReadWord(const YamlNode& fault, std::string_view key, std::string& into,
                        std::string& place) const {
    const YamlNode* node = fault.Find(key);
    if (node == nullptr) return absl::OkStatus();
    place = Place(node->line);
    if (node->kind != Kind::kScalar || node->text.empty()) {
      return At(node->line, Concat("'", key, "' must be one word, not ", KindName(node->kind)));
    }
    into = node->text;
    return absl::OkStatus();
  }

  absl::Status ReadSection(const YamlNode& map, Section section, RawFault& fault) const {
    for (size_t i = 0; i < map.keys.size(); ++i) {
      RawEntry entry{section, map.keys[i], {}, Place(map.key_lines[i])};
      const YamlNode& node = map.children[i];
      const bool distribution = node.kind == Kind::kMap && node.keys.size() == 1 &&
                                (node.keys[0] == "uniform" || node.keys[0] == "normal");
      if (node.kind == Kind::kMap && !distribution) {
        return At(node.line,
                  Concat("'", map.keys[i], "': a map is possible only as {uniform: [..]} or {normal: [..]}"));
      }
      const auto items = ReadPlain(distribution ? node.children[0] : node, map.keys[i]);
      if (!items.ok()) return items.status();
      entry.value = {distribution ? node.keys[0] : "", *items};
      fault.entries.push_back(std::move(entry));
    }
    return absl::OkStatus();
  }

  // One value or a list of values.
  absl::StatusOr<std::vector<std::string>> ReadPlain(const YamlNode& node, std::string_view key) const {
    std::vector<std::string> items;
    if (node.kind == Kind::kScalar) items.push_back(node.text);
    if (node.kind == Kind::kMap)
      return At(node.line, Concat("'", key, "' must be a value or a list, not a map"));
    for (const YamlNode& item : node.children) {
      if (item.kind != Kind::kScalar) {
        return At(item.line, Concat("'", key, "': a list holds plain values, not ", KindName(item.kind)));
      }
      items.push_back(item.text);
    }
    if (items.empty()) return At(node.line, Concat("'", key, "' has no value"));
    return items;
  }

  std::string_view name_;
};

}  // namespace

absl::StatusOr<RawPlan> ParsePlanYaml(std::string_view text, std::string_view name) {
  const auto root = ParseYaml(text, name);
  if (!root.ok()) return root.status();
  return PlanReader(name).Read(*root);
}

}  // namespace rankle::plan
