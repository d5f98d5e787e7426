// What this kernel and this user can do of what attaching needs: each a line of `rankle doctor`. Loads the
// programs for a moment, attaches nothing.
#pragma once

#include <string>
#include <vector>

namespace rankle::ebpf {

struct Ability {
  std::string name;  // "BTF"
  bool there = false;
  std::string detail;  // what was found; or what is missing, and what still works
};

std::vector<Ability> Abilities();

}  // namespace rankle::ebpf
