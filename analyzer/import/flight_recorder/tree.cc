#include "analyzer/import/flight_recorder/tree.h"

namespace rankle::import {
namespace {

// Dictionaries of a dump have at most some 30 keys; more is not looked at.
constexpr size_t kMostKeys = 256;

}  // namespace

TreeValue Tree::NewContainer(TreeValue::Kind kind) {
  TreeValue v;
  v.kind = kind, v.container = static_cast<uint32_t>(containers_.size());
  containers_.emplace_back();
  return v;
}

void Tree::Append(const TreeValue& container, const TreeValue* values, size_t count) {
  Container& c = containers_[container.container];
  Run* last = c.more.empty() ? &c.first : &c.more.back();
  if (last->count == 0) {
    last->begin = static_cast<uint32_t>(items_.size());
  } else if (last->begin + last->count != items_.size()) {
    last = &c.more.emplace_back(Run{static_cast<uint32_t>(items_.size()), 0});
  }
  items_.insert(items_.end(), values, values + count);
  last->count += static_cast<uint32_t>(count);
  c.size += static_cast<uint32_t>(count);
}

TreeValue Tree::Find(const TreeValue& dict, absl::string_view key) const {
  TreeValue found;
  ForEachPair(dict, kMostKeys, [&](const TreeValue& k, const TreeValue& v) {
    if (k.kind == TreeValue::Kind::kText && k.AsText() == key) found = v;
  });
  return found;
}

}  // namespace rankle::import
