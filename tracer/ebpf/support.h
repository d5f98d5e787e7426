// What a kernel and a user can do of what attaching needs: each a line of `rankle doctor`. Pure.
#pragma once

#include <string>
#include <vector>

#include "tracer/ebpf/kernel_probe.h"

namespace rankle::ebpf {

struct Ability {
  std::string name;  // "BTF"
  bool there = false;
  std::string detail;  // what was found; or what is missing, and what still works
};

std::vector<Ability> AbilitiesOf(const KernelProbe& probe);

}  // namespace rankle::ebpf
