#include "cli/suite/expand.h"

#include <cctype>
#include <set>
#include <string>
#include <utility>

#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using plan::YamlNode;
using Kind = YamlNode::Kind;

constexpr std::string_view kEach = "each";

absl::Status At(std::string_view name, int line, std::string_view what) {
  return absl::InvalidArgumentError(Cat(name, ":", line, ": ", what));
}

// As it is written inside a text. False: it has no such form.
bool AppendInline(const YamlNode& value, std::string& text) {
  if (value.kind == Kind::kScalar) {
    text += value.text;
    return true;
  }
  if (value.kind != Kind::kList) return false;
  for (size_t i = 0; i < value.children.size(); ++i) {
    if (value.children[i].kind != Kind::kScalar) return false;
    text += Cat(i > 0 ? "," : "", value.children[i].text);
  }
  return true;
}

// The next "{word}" from `from` on, as the places of its braces; a word is letters and _. "${word}" is an
// environment variable and "{2,3}" a regular expression's.
std::pair<size_t, size_t> NextPlace(std::string_view text, size_t from) {
  for (size_t open = text.find('{', from); open != std::string_view::npos; open = text.find('{', open + 1)) {
    if (open > 0 && text[open - 1] == '$') continue;
    size_t end = open + 1;
    while (end < text.size() && (isalpha(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
    if (end > open + 1 && end < text.size() && text[end] == '}') return {open, end};
  }
  return {std::string_view::npos, std::string_view::npos};
}

// Puts the values of one row into a case.
class RowFiller {
 public:
  RowFiller(const YamlNode& columns, const YamlNode& row, std::string_view name)
      : columns_(columns), row_(row), name_(name) {}

  absl::Status Fill(YamlNode& node) {
    if (node.kind == Kind::kScalar) return FillText(node);
    std::vector<YamlNode> children;
    for (YamlNode& child : node.children) {
      const bool whole = node.kind == Kind::kList && IsWhole(child);
      if (absl::Status status = Fill(child); !status.ok()) return status;
      if (whole && child.kind == Kind::kList) {
        children.insert(children.end(), child.children.begin(), child.children.end());
      } else {
        children.push_back(std::move(child));
      }
    }
    node.children = std::move(children);
    return absl::OkStatus();
  }

  const std::set<size_t>& used() const { return used_; }

 private:
  static bool IsWhole(const YamlNode& node) {
    const auto [open, close] = NextPlace(node.text, 0);
    return node.kind == Kind::kScalar && open == 0 && close + 1 == node.text.size();
  }

  absl::StatusOr<const YamlNode*> ValueOf(std::string_view word, int line) {
    for (size_t i = 0; i < columns_.children.size(); ++i) {
      if (columns_.children[i].text != word) continue;
      used_.insert(i);
      return &row_.children[i];
    }
    return At(name_, line, Cat("'{", word, "}' names no column of 'each'"));
  }

  absl::Status FillText(YamlNode& node) {
    if (IsWhole(node)) {
      const int line = node.line;
      const absl::StatusOr<const YamlNode*> value =
          ValueOf(std::string_view(node.text).substr(1, node.text.size() - 2), line);
      if (!value.ok()) return value.status();
      node = **value;
      node.line = line;
      return absl::OkStatus();
    }
    std::string filled;
    size_t done = 0;
    for (auto place = NextPlace(node.text, 0); place.first != std::string_view::npos;
         place = NextPlace(node.text, done)) {
      const std::string_view word =
          std::string_view(node.text).substr(place.first + 1, place.second - place.first - 1);
      const absl::StatusOr<const YamlNode*> value = ValueOf(word, node.line);
      if (!value.ok()) return value.status();
      filled += node.text.substr(done, place.first - done);
      if (!AppendInline(**value, filled))
        return At(name_, node.line, Cat("'{", word, "}' is no plain value: it cannot stand inside a text"));
      done = place.second + 1;
    }
    node.text = filled + node.text.substr(done);
    return absl::OkStatus();
  }

  const YamlNode& columns_;
  const YamlNode& row_;
  std::string_view name_;
  std::set<size_t> used_;
};

}  // namespace

absl::StatusOr<std::vector<YamlNode>> ExpandCase(const YamlNode& one, std::string_view name) {
  const YamlNode* each = one.Find(kEach);
  if (each == nullptr) return std::vector<YamlNode>{one};
  const YamlNode* columns = each->Find("columns");
  const YamlNode* rows = each->Find("rows");
  if (columns == nullptr || rows == nullptr || each->keys.size() != 2 || columns->kind != Kind::kList ||
      rows->kind != Kind::kList || rows->children.empty()) {
    return At(name, each->line, "'each' is { columns: [name, ...], rows: [[value, ...], ...] }");
  }
  YamlNode pattern = one;
  for (size_t i = 0; i < pattern.keys.size(); ++i) {
    if (pattern.keys[i] != kEach) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    pattern.keys.erase(pattern.keys.begin() + at);
    pattern.key_lines.erase(pattern.key_lines.begin() + at);
    pattern.children.erase(pattern.children.begin() + at);
    break;
  }
  std::vector<YamlNode> cases;
  for (const YamlNode& row : rows->children) {
    if (row.kind != Kind::kList || row.children.size() != columns->children.size()) {
      return At(name, row.line,
                Cat("a row of 'each' has ", columns->children.size(), " values, this one ",
                    row.kind == Kind::kList ? row.children.size() : 1));
    }
    RowFiller filler(*columns, row, name);
    cases.push_back(pattern);
    if (absl::Status status = filler.Fill(cases.back()); !status.ok()) return status;
    for (size_t i = 0; i < columns->children.size(); ++i) {
      if (filler.used().contains(i)) continue;
      return At(name, columns->line,
                Cat("column '", columns->children[i].text, "' of 'each' is not used by the case"));
    }
  }
  return cases;
}

}  // namespace rankle::cli
