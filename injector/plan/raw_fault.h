// One fault as it was written, before it is checked: what the YAML reader and the short form have in common.
#pragma once

#include <string>
#include <vector>

namespace rankle::plan {

// Where an entry stood. kAny: the short form, which does not say.
enum class Section { kAny, kWhere, kWhen, kWith };

struct RawValue {
  std::string distribution;        // "uniform", "normal": `items` are its arguments; "" = plain values
  std::vector<std::string> items;  // one, or a list
};

struct RawEntry {
  Section section = Section::kAny;
  std::string key;
  RawValue value;
  std::string place;  // "plan.yaml:7"
};

struct RawFault {
  std::string place;
  std::string name;  // "" = not named
  std::string name_place;
  std::string action;
  std::string action_place;
  std::vector<std::string> on;
  std::string on_place;
  std::vector<RawEntry> entries;
};

}  // namespace rankle::plan
