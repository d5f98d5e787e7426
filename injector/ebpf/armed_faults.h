// The faults of a plan, in force in the kernel: which functions they are aimed at, which may fire in which
// process, how long a stop lasts, and what the control page says of them (`rankle release`, ground truth).
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "injector/ebpf/continuer.h"
#include "injector/ebpf/lower.h"
#include "injector/plan/control.h"
#include "tracer/ebpf/bpf_programs.h"
#include "tracer/ebpf/process_info.h"

namespace rankle::ebpf {

class ArmedFaults {
 public:
  // Refuses a plan that cannot be carried out from outside. Both may be null; they outlive it.
  absl::Status Lower(const plan::ArmedPlan* plan, plan::ControlPage* control);
  bool empty() const { return faults_.empty(); }

  // Tells the kernel side, and begins to continue what it will stop. `programs` outlives it.
  absl::Status Arm(BpfPrograms& programs);
  // Functions that faults are aimed at, by id.
  const std::bitset<RANKLE_MAX_APIS>& aimed_at() const { return aimed_at_; }
  // A bit for each that may fire in a process of that rank and host.
  uint32_t For(const ProcessInfo& info, const std::string& host) const;
  int ActionOf(uint32_t fault) const { return static_cast<int>(faults_[fault].action); }
  // When the stop of a thread ended; nullopt while it lasts.
  std::optional<uint64_t> StopEnded(uint32_t process, uint32_t thread);

  // Brings the control page up to date.
  void UpdateControl();
  // Continues what is stopped, and stops nothing any more.
  void EndStops() { continuer_.reset(); }

 private:
  const plan::ArmedPlan* plan_ = nullptr;
  plan::ControlPage* control_ = nullptr;
  BpfPrograms* programs_ = nullptr;
  std::vector<LoweredFault> faults_;
  std::bitset<RANKLE_MAX_APIS> aimed_at_;
  std::unique_ptr<Continuer> continuer_;
};

}  // namespace rankle::ebpf
