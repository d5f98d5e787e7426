// Edge files: a strict YAML tree into edges, by tables of keys.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "analyzer/explain/edge.h"
#include "analyzer/explain/embedded_edges.h"
#include "injector/plan/text.h"
#include "injector/plan/values.h"
#include "injector/plan/yaml_tree.h"

namespace rankle::explain {
namespace {

using plan::YamlNode;
using Kind = YamlNode::Kind;

class EdgeReader {
 public:
  explicit EdgeReader(std::string_view name) : name_(name) {}

  absl::StatusOr<std::vector<CauseEdge>> Read(const YamlNode& root) {
    if (root.kind != Kind::kMap) return At(root.line, "a file of edges is a map with version and edges");
    for (size_t i = 0; i < root.keys.size(); ++i) {
      if (root.keys[i] != "version" && root.keys[i] != "edges")
        return At(root.key_lines[i],
                  plan::Concat("unknown key '", root.keys[i], "'; there are version, edges"));
    }
    const YamlNode* version = root.Find("version");
    if (version == nullptr || version->text != "1") return At(root.line, "'version: 1' is missing");
    const YamlNode* list = root.Find("edges");
    if (list == nullptr || list->kind != Kind::kList) return At(root.line, "'edges' is a list of edges");
    std::vector<CauseEdge> edges;
    std::set<std::string> ids;
    for (const YamlNode& node : list->children) {
      Draft draft;
      draft.edge.source = std::string(name_);
      if (absl::Status status = ReadEdge(node, draft); !status.ok()) return status;
      if (!ids.insert(draft.edge.id).second)
        return At(node.line, plan::Concat("a second edge has the id '", draft.edge.id, "'"));
      for (Reach reach : draft.reaches) edges.emplace_back(draft.edge).reach = reach;
    }
    return edges;
  }

 private:
  // An edge in the making.
  struct Draft {
    CauseEdge edge;
    std::vector<Reach> reaches;
  };
  template <typename Target>
  using Setter = absl::Status (EdgeReader::*)(const YamlNode&, Target&) const;
  template <typename Target>
  struct Key {
    const char* name;
    Setter<Target> set;
  };

  absl::Status At(int line, std::string_view what) const {
    return absl::InvalidArgumentError(plan::Concat(name_, ":", line, ": ", what));
  }

  template <typename Target, size_t kSize>
  absl::Status ReadMap(const YamlNode& node, const Key<Target> (&keys)[kSize], Target& target) const {
    if (node.kind != Kind::kMap) return At(node.line, "a map of keys and values is wanted here");
    for (size_t i = 0; i < node.keys.size(); ++i) {
      const auto* key = std::find_if(std::begin(keys), std::end(keys),
                                     [&](const Key<Target>& known) { return node.keys[i] == known.name; });
      if (key == std::end(keys)) {
        std::string known;
        for (const Key<Target>& each : keys) known += plan::Concat(known.empty() ? "" : ", ", each.name);
        return At(node.key_lines[i], plan::Concat("unknown key '", node.keys[i], "'; there are ", known));
      }
      if (absl::Status status = (this->*key->set)(node.children[i], target); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status TakeText(const YamlNode& node, std::string& target) const {
    if (node.kind != Kind::kScalar || node.text.empty()) return At(node.line, "a text is wanted here");
    target = node.text;
    return absl::OkStatus();
  }
  absl::Status TakeTexts(const YamlNode& node, std::vector<std::string>& target) const {
    if (node.kind == Kind::kScalar) return TakeText(node, target.emplace_back());
    if (node.kind != Kind::kList) return At(node.line, "a text or a list of texts is wanted here");
    for (const YamlNode& item : node.children) {
      if (absl::Status status = TakeText(item, target.emplace_back()); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  absl::Status TakeDuration(const YamlNode& node, int64_t& target) const {
    const absl::StatusOr<uint64_t> value = plan::ParseDuration(node.text);
    if (!value.ok())
      return At(node.line,
                std::string_view(value.status().message().data(), value.status().message().size()));
    target = static_cast<int64_t>(*value);
    return absl::OkStatus();
  }

  absl::Status SetKinds(const YamlNode& node, EventPattern& target) const {
    std::vector<std::string> names;
    if (absl::Status status = TakeTexts(node, names); !status.ok()) return status;
    for (const std::string& name : names) {
      int kind = 0;
      while (kind <= static_cast<int>(kLastEventKind) && name != EventKindName(static_cast<EventKind>(kind)))
        ++kind;
      if (kind > static_cast<int>(kLastEventKind))
        return At(node.line, plan::Concat("unknown kind of event '", name, "'; see docs/explaining.md"));
      target.kinds.push_back(static_cast<EventKind>(kind));
    }
    return absl::OkStatus();
  }
  absl::Status SetNames(const YamlNode& node, EventPattern& target) const {
    return TakeTexts(node, target.names);
  }
  absl::Status SetErrors(const YamlNode& node, EventPattern& target) const {
    return TakeTexts(node, target.errors);
  }
  absl::Status SetNotErrors(const YamlNode& node, EventPattern& target) const {
    return TakeTexts(node, target.not_errors);
  }
  absl::Status SetTexts(const YamlNode& node, EventPattern& target) const {
    return TakeTexts(node, target.texts);
  }

  absl::Status ReadPattern(const YamlNode& node, EventPattern& target) const {
    static constexpr Key<EventPattern> kKeys[] = {{"kind", &EdgeReader::SetKinds},
                                                  {"name", &EdgeReader::SetNames},
                                                  {"error", &EdgeReader::SetErrors},
                                                  {"not_error", &EdgeReader::SetNotErrors},
                                                  {"text", &EdgeReader::SetTexts}};
    if (absl::Status status = ReadMap(node, kKeys, target); !status.ok()) return status;
    if (target.kinds.empty()) return At(node.line, "'kind' is missing: an edge is between kinds of events");
    return absl::OkStatus();
  }

  absl::Status SetId(const YamlNode& node, Draft& target) const { return TakeText(node, target.edge.id); }
  absl::Status SetText(const YamlNode& node, Draft& target) const { return TakeText(node, target.edge.text); }
  absl::Status SetCause(const YamlNode& node, Draft& target) const {
    return ReadPattern(node, target.edge.cause);
  }
  absl::Status SetEffect(const YamlNode& node, Draft& target) const {
    return ReadPattern(node, target.edge.effect);
  }
  absl::Status SetReach(const YamlNode& node, Draft& target) const {
    static constexpr std::pair<std::string_view, Reach> kNames[] = {{"same_rank", Reach::kSameRank},
                                                                    {"waiting_on", Reach::kWaitingOn},
                                                                    {"peer", Reach::kPeer},
                                                                    {"job", Reach::kJob}};
    std::vector<std::string> names;
    if (absl::Status status = TakeTexts(node, names); !status.ok()) return status;
    for (const std::string& given : names) {
      const auto* known = std::find_if(std::begin(kNames), std::end(kNames),
                                       [&](const auto& each) { return each.first == given; });
      if (known == std::end(kNames))
        return At(node.line, "'reach' is same_rank, waiting_on, peer or job, or a list");
      target.reaches.push_back(known->second);
    }
    return absl::OkStatus();
  }
  absl::Status SetLeast(const YamlNode& node, Draft& target) const {
    return TakeDuration(node, target.edge.least_ns);
  }
  absl::Status SetMost(const YamlNode& node, Draft& target) const {
    return TakeDuration(node, target.edge.most_ns);
  }

  absl::Status ReadEdge(const YamlNode& node, Draft& draft) const {
    static constexpr Key<Draft> kKeys[] = {
        {"id", &EdgeReader::SetId},       {"text", &EdgeReader::SetText},
        {"cause", &EdgeReader::SetCause}, {"effect", &EdgeReader::SetEffect},
        {"reach", &EdgeReader::SetReach}, {"at_least", &EdgeReader::SetLeast},
        {"at_most", &EdgeReader::SetMost}};
    if (absl::Status status = ReadMap(node, kKeys, draft); !status.ok()) return status;
    for (const char* key : {"id", "text", "cause", "effect", "reach", "at_most"}) {
      if (node.Find(key) == nullptr) return At(node.line, plan::Concat("the edge has no '", key, "'"));
    }
    if (draft.edge.least_ns > draft.edge.most_ns) return At(node.line, "'at_least' is more than 'at_most'");
    return absl::OkStatus();
  }

  std::string_view name_;
};

}  // namespace

absl::StatusOr<std::vector<CauseEdge>> ParseEdges(std::string_view text, std::string_view name) {
  const absl::StatusOr<YamlNode> root = plan::ParseYaml(text, name);
  if (!root.ok()) return root.status();
  return EdgeReader(name).Read(*root);
}

std::vector<CauseEdge> BuiltInEdges(std::vector<std::string>& problems) {
  std::vector<CauseEdge> all;
  for (const EmbeddedEdges& embedded : kEmbeddedEdges) {
    auto edges = ParseEdges(embedded.text, embedded.file);
    if (!edges.ok()) problems.emplace_back(edges.status().message());
    if (edges.ok()) all.insert(all.end(), edges->begin(), edges->end());
  }
  return all;
}

absl::Status AddEdgesFrom(const std::string& directory, std::vector<CauseEdge>& edges,
                          std::vector<std::string>& problems) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error)
    return absl::NotFoundError(
        absl::StrCat(directory, ": the directory of edges cannot be read: ", error.message()));
  std::vector<std::string> files;
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const auto more = ParseEdges(text.str(), file);
    if (!more.ok()) {
      problems.emplace_back(more.status().message());
      continue;
    }
    std::erase_if(edges, [&](const CauseEdge& known) {
      return std::any_of(more->begin(), more->end(),
                         [&](const CauseEdge& edge) { return known.id == edge.id; });
    });
    edges.insert(edges.end(), more->begin(), more->end());
  }
  return absl::OkStatus();
}

}  // namespace rankle::explain
