#include "detectors/instrument/edits.h"

#include <algorithm>
#include <map>
#include <set>

namespace rankle::instrument {
namespace {

using points::Edit;

// Outer before inner, as given where they are equal.
std::vector<const Edit*> Sorted(const std::vector<Edit>& edits) {
  std::vector<const Edit*> sorted;
  for (const Edit& edit : edits) sorted.push_back(&edit);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Edit* a, const Edit* b) {
    if (a->begin != b->begin) return a->begin < b->begin;
    const bool a_inserts = a->begin == a->end, b_inserts = b->begin == b->end;
    if (a_inserts != b_inserts) return a_inserts;
    return a->end > b->end;
  });
  return sorted;
}

std::set<std::string> FindRefused(const std::vector<const Edit*>& sorted, size_t size) {
  std::set<std::string> refused;
  std::vector<const Edit*> around;
  for (const Edit* edit : sorted) {
    while (!around.empty() && around.back()->end <= edit->begin) around.pop_back();
    const bool outside = edit->end > size || edit->begin > edit->end;
    const bool overlaps = !around.empty() && edit->end > around.back()->end;
    if (outside || overlaps) {
      refused.insert(edit->point);
    } else if (edit->begin < edit->end) {
      around.push_back(edit);
    }
  }
  return refused;
}

}  // namespace

Edited ApplyEdits(const std::string& source, const std::vector<Edit>& edits) {
  std::vector<const Edit*> sorted = Sorted(edits);
  const std::set<std::string> refused = FindRefused(sorted, source.size());
  std::erase_if(sorted, [&](const Edit* edit) { return refused.count(edit->point) > 0; });

  // What stands before the byte at an offset: first the ends of ranges, inner ones first, then insertions and
  // the beginnings of ranges, outer ones first.
  std::map<uint32_t, std::string> ends, begins;
  for (const Edit* edit : sorted) {
    if (edit->begin == edit->end) {
      begins[edit->begin] += edit->before + edit->after;
    } else {
      begins[edit->begin] += edit->before;
      ends[edit->end].insert(0, edit->after);
    }
  }
  Edited edited;
  edited.refused.assign(refused.begin(), refused.end());
  std::set<uint32_t> offsets;
  for (const auto& [offset, text] : ends) offsets.insert(offset);
  for (const auto& [offset, text] : begins) offsets.insert(offset);
  uint32_t copied = 0;
  for (const uint32_t offset : offsets) {
    edited.text.append(source, copied, offset - copied);
    copied = offset;
    if (const auto it = ends.find(offset); it != ends.end()) edited.text += it->second;
    if (const auto it = begins.find(offset); it != begins.end()) edited.text += it->second;
  }
  edited.text.append(source, copied);
  return edited;
}

}  // namespace rankle::instrument
