// Fault plans as people write them: the YAML files and the short form of the command line, parsed, checked
// against the catalogue and the API table, and compiled into an armed plan. Used by the command line only,
// never inside a job. Format: docs/fault-plans.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "injector/plan/armed_plan.h"

namespace rankle::plan {

// Several plan files and --fault options make one plan: faults are appended, the last seed given wins.
class Plan {
 public:
  // `name` is the file name for messages; every error names it and the line: "plan.yaml:7: unknown key 'tme'
  // ...".
  absl::Status AddYaml(std::string_view text, std::string_view name);
  // 'delay ncclAllReduce rank=3 call=100.. time=200ms'
  absl::Status AddShortForm(std::string_view text);
  void set_seed(uint64_t seed) { seed_ = seed; }
  std::optional<uint64_t> seed() const { return seed_; }
  size_t size() const { return faults_.size(); }
  const ArmedFault& fault(size_t index) const { return faults_[index]; }
  std::string fault_name(size_t index) const;
  // The first path of a fault that has some; "" = none.
  std::string fault_path(size_t index) const;
  // Does a fault need call sites: is it aimed at one, or at a function of the C library?
  bool NeedsSites() const;
  // Is one aimed at a function of NCCL, CUDA or the process?
  bool NeedsHooks() const;
  // "module:qualname" of the Python functions that faults on rankleCallPython name with `stack`; "" of one
  // that names none.
  std::vector<std::string> PythonTargets() const;
  // Does one act on hosts or the network, from outside the job?
  bool ActsOnHosts() const;

  // The bytes of the armed plan file.
  std::string Arm(uint64_t default_seed) const;
  // One line a fault, in the short form (round-trips through AddShortForm).
  std::vector<std::string> Describe() const;

 private:
  absl::Status Append(ArmedFault fault, std::string_view place);
  std::optional<size_t> FindName(std::string_view name) const;
  std::vector<ArmedFault> faults_;
  std::string pool_ = std::string(1, '\0');
  std::optional<uint64_t> seed_;
};

}  // namespace rankle::plan
