// Looks at this machine and installation: each check is one line of `rankle doctor`.
#pragma once

#include <string>
#include <vector>

namespace rankle::cli {

struct Check {
  enum class State { kOk, kMissing, kBroken };
  std::string name;  // "interposer"
  State state = State::kOk;
  std::string detail;  // what was found, or what is missing and what to do
};

// kBroken: rankle cannot do its main job; kMissing: something optional is not there.
std::vector<Check> CheckInstallationFiles();
std::vector<Check> CheckMachine();
// Can hooks see what the command does?
Check CheckCommand(const std::string& command);

}  // namespace rankle::cli
