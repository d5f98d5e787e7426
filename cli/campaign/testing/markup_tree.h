// Reads a page as a browser's strict sibling would, for tests: every tag must close where it should.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rankle::cli::testing {

struct Element {
  std::string name;  // "" = text, in `text`
  std::map<std::string, std::string> attributes;
  std::string text;  // with character references resolved; of style and script as it is
  std::vector<Element> children;

  std::string AllText() const {
    std::string all = text;
    for (const Element& child : children) all += child.AllText();
    return all;
  }
  void Collect(const std::string& wanted, std::vector<const Element*>& found) const {
    if (name == wanted) found.push_back(this);
    for (const Element& child : children) child.Collect(wanted, found);
  }
  std::vector<const Element*> All(const std::string& wanted) const {
    std::vector<const Element*> found;
    Collect(wanted, found);
    return found;
  }
};

class MarkupReader {
 public:
  explicit MarkupReader(const std::string& html) : html_(html) {}

  // Nothing, and `error` says why, where the markup is not well-formed.
  std::optional<Element> Read() {
    Element root{.name = "document", .attributes = {}, .text = {}, .children = {}};
    if (Take("<!doctype html>") && ReadChildren(root) && at_ == html_.size()) return root;
    if (error.empty()) error = "something stands after the end";
    return std::nullopt;
  }
  std::string error;

 private:
  bool Take(const std::string& what) {
    if (html_.compare(at_, what.size(), what) != 0) return Fail("expected " + what);
    at_ += what.size();
    return true;
  }
  bool Fail(const std::string& why) {
    if (error.empty()) error = why + " at: " + html_.substr(at_, 60);
    return false;
  }
  static bool IsVoid(const std::string& name) { return name == "meta" || name == "br"; }

  bool ReadChildren(Element& parent) {
    while (at_ < html_.size()) {
      if (html_.compare(at_, 2, "</") == 0) return true;
      if (html_[at_] == '<') {
        if (!ReadElement(parent.children.emplace_back())) return false;
        continue;
      }
      const size_t end = std::min(html_.find('<', at_), html_.size());
      std::string text;
      if (!Resolve(html_.substr(at_, end - at_), text)) return false;
      parent.children.push_back({.name = "", .attributes = {}, .text = text, .children = {}});
      at_ = end;
    }
    return true;
  }
  std::string Word(const char* ends) {
    const size_t end = std::min(html_.find_first_of(ends, at_), html_.size());
    const std::string word = html_.substr(at_, end - at_);
    at_ = end;
    return word;
  }
  bool ReadElement(Element& element) {
    ++at_;
    element.name = Word(" />");
    if (element.name.empty()) return Fail("a tag without a name");
    for (;;) {
      while (at_ < html_.size() && html_[at_] == ' ') ++at_;
      if (html_.compare(at_, 2, "/>") == 0) return at_ += 2, true;
      if (html_.compare(at_, 1, ">") == 0) break;
      const std::string name = Word("= />");
      if (name.empty() || !Take("=\"")) return Fail("an attribute without a value in quotes");
      if (!Resolve(Word("\""), element.attributes[name]) || !Take("\"")) return false;
    }
    ++at_;
    if (IsVoid(element.name)) return true;
    const std::string end = "</" + element.name + ">";
    if (element.name == "style" || element.name == "script") {
      const size_t close = html_.find(end, at_);
      if (close == std::string::npos) return Fail("no " + end);
      element.text = html_.substr(at_, close - at_);
      at_ = close;
    } else if (!ReadChildren(element)) {
      return false;
    }
    return Take(end);
  }
  bool Resolve(const std::string& raw, std::string& text) {
    static const std::map<std::string, std::string> kReferences = {
        {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"#39", "'"}};
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '&') {
        text += raw[i];
        continue;
      }
      const size_t end = raw.find(';', i);
      const auto found =
          end == std::string::npos ? kReferences.end() : kReferences.find(raw.substr(i + 1, end - i - 1));
      if (found == kReferences.end()) return Fail("a bare & in: " + raw);
      text += found->second;
      i = end;
    }
    return true;
  }

  const std::string& html_;
  size_t at_ = 0;
};

}  // namespace rankle::cli::testing
