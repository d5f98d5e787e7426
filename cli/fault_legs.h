// Which way an action of the catalogue can be carried out on this machine, and why not: what `rankle faults
// list` ends with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankle::cli {

// preload: inside the job, by librankle.so or librankle-libc.so; ebpf: from outside, on calls, by `rankle
// attach` and `run --via ebpf`; host: from outside, on processes, links and disks.
struct Leg {
  std::string_view name;
  std::string why_not;  // "" = works here
};
struct ActionLegs {
  std::string_view action;
  std::vector<Leg> legs;
};

// Tries what has to be tried.
std::vector<ActionLegs> LegsHere();

// One line an action; below it, why a way is closed. A reason that several actions share is told once, at the
// end. Pure.
std::string DescribeLegs(const std::vector<ActionLegs>& actions);

}  // namespace rankle::cli
