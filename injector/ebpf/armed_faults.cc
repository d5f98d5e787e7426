#include "injector/ebpf/armed_faults.h"

#include <signal.h>

#include <map>

#include "absl/status/statusor.h"
#include "injector/plan/decide.h"
#include "tracer/ebpf/probes.h"
#include "tracer/files/identity.h"

namespace rankle::ebpf {

absl::Status ArmedFaults::Lower(const plan::ArmedPlan* plan, plan::ControlPage* control) {
  plan_ = plan, control_ = control;
  if (plan == nullptr || plan->size() == 0) return absl::OkStatus();
  absl::StatusOr<std::vector<LoweredFault>> faults = LowerPlan(*plan);
  if (!faults.ok()) return faults.status();
  faults_ = *std::move(faults);
  return absl::OkStatus();
}

absl::Status ArmedFaults::Arm(BpfPrograms& programs) {
  programs_ = &programs;
  std::map<uint16_t, rankle_api_faults> by_api;
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (absl::Status status = programs.SetFault(static_cast<uint32_t>(i), faults_[i].kernel); !status.ok())
      return status;
    for (const uint16_t api : faults_[i].apis) {
      aimed_at_.set(api);
      const auto [found, added] = by_api.try_emplace(api, ArgumentsForFaults(*api::FindApi(api)));
      found->second.faults |= uint32_t{1} << i;
    }
  }
  for (const auto& [api, faults] : by_api) {
    if (absl::Status status = programs.SetApiFaults(api, faults); !status.ok()) return status;
  }
  if (faults_.empty()) return absl::OkStatus();
  continuer_ = std::make_unique<Continuer>(Continuer::Stops{
      .read = [this](int timeout_ms, const auto& take) { programs_->ReadStops(timeout_ms, take); },
      .length_ns =
          [this](const rankle_fault_event& event) {
            rankle_target target = {};
            if (!programs_->Target(event.event.process, target)) target.rank = -1;
            return plan::TimeOf(*plan_, event.fault, target.rank, event.event.value);
          },
      .released =
          [this](uint32_t fault) {
            return control_ != nullptr &&
                   (control_->stop.load() != 0 || control_->faults[fault].released.load() != 0);
          },
      .resume = [](uint32_t pid) { kill(static_cast<pid_t>(pid), SIGCONT); },
      .now = files::MonotonicNs});
  return absl::OkStatus();
}

uint32_t ArmedFaults::For(const ProcessInfo& info, const std::string& host) const {
  return faults_.empty() ? 0 : FaultsFor(*plan_, info.rank, info.local_rank, host);
}

std::optional<uint64_t> ArmedFaults::StopEnded(uint32_t process, uint32_t thread) {
  // Once nothing is stopped any more, all stops are over.
  if (continuer_ == nullptr) return files::MonotonicNs();
  return continuer_->Ended(process, thread);
}

void ArmedFaults::UpdateControl() {
  if (control_ == nullptr || continuer_ == nullptr) return;
  for (size_t i = 0; i < faults_.size(); ++i) {
    const rankle_count count = programs_->Count(static_cast<uint32_t>(i));
    plan::FaultControl& page = control_->faults[i];
    page.matched.store(count.matched), page.fired.store(count.fired);
    page.hanging.store(continuer_->hanging(static_cast<uint32_t>(i)));
  }
}

}  // namespace rankle::ebpf
