#include "injector/plan/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

constexpr size_t kLargestFile = 4 << 20;
constexpr size_t kDeepest = 16;     // plans need 6 levels
constexpr int kMostFlowDepth = 32;  // yaml-cpp recurses per bracket: bounded before it sees them

// What a handler throws to stop the parser; never leaves this file.
struct Refusal {
  int line;
  std::string what;
};

// Builds the tree from the parser's events. Open containers form the stack; a finished node moves into its
// parent.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlNode Take() { return std::move(root_); }
  bool saw_document() const { return saw_document_; }

  void OnDocumentStart(const YAML::Mark&) override { saw_document_ = true; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    NoAnchor(mark, anchor);
    Add(Node(YamlNode::Kind::kNull, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{mark.line, "aliases (*name) are not supported: write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    NoAnchor(mark, anchor);
    NoTag(mark, tag);
    const bool null = tag == "?" && (value.empty() || value == "~" || value == "null");
    YamlNode node = Node(null ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar, mark);
    node.text = value;
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  static YamlNode Node(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }
  static void NoAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) throw Refusal{mark.line, "anchors (&name) are not supported: write the value out"};
  }
  // "?" = plain, "!" = quoted, "" = none.
  static void NoTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") throw Refusal{mark.line, "tags (!name) are not supported"};
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    NoAnchor(mark, anchor);
    NoTag(mark, tag);
    if (open_.size() >= kDeepest) throw Refusal{mark.line, "nested too deep"};
    if (AwaitsKey()) throw Refusal{mark.line, "a key must be a plain word"};
    open_.push_back(Node(kind, mark));
  }

  void Close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    Add(std::move(node));
  }

  bool AwaitsKey() const {
    return !open_.empty() && open_.back().kind == YamlNode::Kind::kMap &&
           open_.back().keys.size() == open_.back().children.size();
  }

  void Add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    YamlNode& parent = open_.back();
    if (!AwaitsKey()) {
      parent.children.push_back(std::move(node));
      return;
    }
    if (node.kind != YamlNode::Kind::kScalar) throw Refusal{node.line - 1, "a key must be a plain word"};
    if (parent.Find(node.text) != nullptr) {
      throw Refusal{node.line - 1, Concat("'", node.text, "' is given twice")};
    }
    parent.keys.push_back(std::move(node.text));
    parent.key_lines.push_back(node.line);
  }

  YamlNode root_;
  std::vector<YamlNode> open_;
  bool saw_document_ = false;
};

absl::Status CheckText(std::string_view text, std::string_view name) {
  if (text.size() > kLargestFile) return Invalid(Concat(name, ":1: larger than 4 MiB"));
  int line = 1;
  int depth = 0;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '\0') return Invalid(Concat(name, ":", line, ": not a text file (NUL character)"));
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > kMostFlowDepth) {
      return Invalid(Concat(name, ":", line, ": more than 32 open brackets"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size() && i < children.size(); ++i) {
    if (keys[i] == key) return &children[i];
  }
  return nullptr;
}

absl::StatusOr<YamlNode> ParseYaml(std::string_view text, std::string_view name) {
  if (const auto checked = CheckText(text, name); !checked.ok()) return checked;
  auto refuse = [&](int line, std::string_view what) {
    return Invalid(Concat(name, ":", line + 1, ": ", what));
  };
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    YamlNode root = builder.Take();
    TreeBuilder rest;
    if (parser.HandleNextDocument(rest) || rest.saw_document())
      return refuse(0, "a plan is one YAML document, this file has several");
    return root;
  } catch (const YAML::Exception& error) {
    return refuse(std::max(error.mark.line, 0), Concat("not YAML: ", error.msg));
  } catch (const Refusal& refusal) {
    return refuse(refusal.line, refusal.what);
  }
}

}  // namespace rankle::plan
