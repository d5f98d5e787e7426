// What a dump holds before anybody asks what it means: none, numbers, texts, lists and dictionaries, as
// pickle and JSON both have them. Flat: a value is 16 bytes in one arena, so a hostile file costs at most a
// fixed multiple of its own length, and nothing recurses.
//
// Ownership: texts point into the bytes that were parsed (or the parser's own), which must outlive the tree's
// use. A tree is reused for the next file by Clear, which keeps its memory. Not thread safe.
//
// A list may be shared by several places or even contain itself (pickle allows both), so a reader must never
// walk a tree without a limit on depth.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace rankle::import {

struct TreeValue {
  enum class Kind : uint8_t { kNone, kBool, kInt, kFloat, kText, kList, kDict, kConstructor };
  Kind kind = Kind::kNone;
  uint32_t size = 0;  // of a text
  union {
    int64_t integer = 0;  // also of a bool
    double real;
    const char* text;
    uint32_t container;  // index of a list or dictionary
  };

  static TreeValue Int(int64_t value) {
    TreeValue v;
    v.kind = Kind::kInt, v.integer = value;
    return v;
  }
  static TreeValue Bool(bool value) {
    TreeValue v;
    v.kind = Kind::kBool, v.integer = value ? 1 : 0;
    return v;
  }
  static TreeValue Real(double value) {
    TreeValue v;
    v.kind = Kind::kFloat, v.real = value;
    return v;
  }
  static TreeValue Text(absl::string_view value) {
    TreeValue v;
    v.kind = Kind::kText, v.size = static_cast<uint32_t>(value.size()), v.text = value.data();
    return v;
  }
  bool IsContainer() const { return kind == Kind::kList || kind == Kind::kDict; }
  absl::string_view AsText() const {
    return kind == Kind::kText ? absl::string_view(text, size) : absl::string_view();
  }
};

class Tree {
 public:
  void Clear() { items_.clear(), containers_.clear(); }
  // A new, empty list or dictionary.
  TreeValue NewContainer(TreeValue::Kind kind);
  // Appends to a list, or keys and values in turn to a dictionary.
  void Append(const TreeValue& container, const TreeValue* values, size_t count);

  size_t Size(const TreeValue& list) const {
    return list.IsContainer() ? containers_[list.container].size : 0;
  }
  // Calls f(value) for at most `most` items of a list; nothing for what is no list.
  template <typename F>
  void ForEach(const TreeValue& list, size_t most, const F& f) const {
    if (list.kind == TreeValue::Kind::kList) Walk(list, most, f);
  }
  // Calls f(key, value) for at most `most` pairs of a dictionary; nothing for what is none.
  template <typename F>
  void ForEachPair(const TreeValue& dict, size_t most, const F& f) const {
    if (dict.kind != TreeValue::Kind::kDict) return;
    TreeValue key;
    bool has_key = false;
    Walk(dict, 2 * most, [&](const TreeValue& v) {
      if (has_key) f(key, v);
      key = v, has_key = !has_key;
    });
  }
  // The last value of a key among the first pairs; none when absent.
  TreeValue Find(const TreeValue& dict, absl::string_view key) const;
  size_t values() const { return items_.size(); }

 private:
  // Items of a container lie in runs, because a pickle appends to a list while others grow.
  struct Run {
    uint32_t begin = 0, count = 0;
  };
  struct Container {
    Run first;
    uint32_t size = 0;
    std::vector<Run> more;
  };

  template <typename F>
  void Walk(const TreeValue& container, size_t most, const F& f) const {
    const Container& c = containers_[container.container];
    size_t left = most;
    for (size_t r = 0; r <= c.more.size() && left > 0; ++r) {
      const Run& run = r == 0 ? c.first : c.more[r - 1];
      for (uint32_t i = 0; i < run.count && left > 0; ++i, --left) f(items_[run.begin + i]);
    }
  }

  std::vector<TreeValue> items_;
  std::vector<Container> containers_;
};

}  // namespace rankle::import
