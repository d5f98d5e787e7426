#include "injector/ebpf/lower.h"

#include <signal.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/glob.h"
#include "injector/plan/random.h"

namespace rankle::ebpf {
namespace {

using plan::Action;
using plan::ArmedFault;
using plan::ArmedPlan;

constexpr char kNoWriting[] =
    "it changes what a function gets or returns, and from outside nothing writes a process's registers or "
    "memory: "
    "use `rankle run` with librankle.so";

// Why an action cannot be carried out from outside; nullptr when it can.
const char* WhyNot(Action action) {
  switch (action) {
    case Action::kDelay:
    case Action::kHang:
    case Action::kAbort:
    case Action::kSignal:
      return nullptr;
    case Action::kExit:
      return "from outside a process cannot be made to exit with a code: `signal` and `abort` end it";
    default:
      return kNoWriting;
  }
}

// A key of `where` or `when` that the kernel side does not know.
const char* UnknownKey(const ArmedFault& fault) {
  if (fault.comm.count != 0) return "comm";
  if (fault.comm_size.count != 0) return "comm_size";
  if (fault.comm_rank.count != 0) return "comm_rank";
  if (fault.stack.count != 0) return "stack";
  if (fault.site.count != 0) return "site";
  if (fault.step.count != 0) return "step";
  return nullptr;
}

bool Convert(const plan::RangeList& list, rankle_ranges& out) {
  if (list.count > RANKLE_MAX_RANGES) return false;
  out.count = list.count;
  for (uint32_t i = 0; i < list.count; ++i) out.range[i] = {list.ranges[i].first, list.ranges[i].last};
  return true;
}

uint32_t SignalOf(const ArmedFault& fault) {
  switch (fault.action) {
    case Action::kAbort:
      return SIGABRT;
    case Action::kSignal:
      return static_cast<uint32_t>(fault.result);
    default:
      return SIGSTOP;
  }
}

// A draw has 53 bits; `unit < probability` holds for exactly those below this.
uint64_t Below(double probability) { return static_cast<uint64_t>(std::ceil(probability * 0x1p53)); }

bool Contains(const plan::RangeList& list, int64_t value) {
  if (list.count == 0) return true;
  for (uint32_t i = 0; i < list.count; ++i) {
    if (value >= 0 && value >= list.ranges[i].first && value <= list.ranges[i].last) return true;
  }
  return false;
}

bool MatchesHost(const ArmedPlan& plan, const plan::GlobList& globs, const std::string& host) {
  if (globs.count == 0) return true;
  uint32_t offset = globs.offset;
  for (uint32_t i = 0; i < globs.count; ++i) {
    const std::string_view pattern = plan.text(offset);
    if (plan::GlobMatch(pattern.data(), host.c_str())) return true;
    offset += static_cast<uint32_t>(pattern.size()) + 1;
  }
  return false;
}

// Functions that are probed: those of NCCL and CUDA.
std::vector<uint16_t> ProbedApis(const ArmedFault& fault) {
  std::vector<uint16_t> apis;
  for (const api::ApiInfo& info : api::AllApis()) {
    const bool in_library = info.library == api::Library::kNccl ||
                            info.library == api::Library::kCudaRuntime ||
                            info.library == api::Library::kCudaDriver;
    if (in_library && (fault.apis[info.id / 64] >> (info.id % 64) & 1) != 0) apis.push_back(info.id);
  }
  return apis;
}

absl::StatusOr<LoweredFault> Lower(const ArmedPlan& plan, size_t index) {
  const ArmedFault& fault = plan.fault(index);
  const auto refuse = [&](const auto&... why) {
    return absl::UnimplementedError(absl::StrCat("fault '", plan.name(index), "': ", why...));
  };
  LoweredFault lowered{.kernel = {}, .apis = ProbedApis(fault), .action = fault.action};
  rankle_fault& kernel = lowered.kernel;
  const plan::ActionInfo* const action = plan::FindAction(fault.action);
  const std::string name = action == nullptr ? "?" : std::string(action->name);
  if (const char* why = WhyNot(fault.action)) return refuse(name, " cannot be done through eBPF: ", why);
  if (const char* key = UnknownKey(fault))
    return refuse(
        "`", key,
        "` cannot be told at the call through eBPF: leave it out, or use `rankle run` with librankle.so");
  if (lowered.apis.empty())
    return refuse("on: ", plan.text(fault.on), ": only functions of NCCL and CUDA are seen through eBPF");
  if (!Convert(fault.bytes, kernel.bytes) || !Convert(fault.peer, kernel.peers) ||
      !Convert(fault.call, kernel.calls))
    return refuse("more than ", static_cast<int>(RANKLE_MAX_RANGES),
                  " ranges in a list: through eBPF a fault has at most so many; split it");
  kernel.peer = fault.peer.count != 0;
  kernel.signal = SignalOf(fault);
  kernel.at_exit = fault.at_exit;
  kernel.dtypes = fault.dtypes;
  kernel.every = fault.every, kernel.times = fault.times;
  kernel.after_ns = fault.after_ns, kernel.until_ns = fault.until_ns;
  kernel.below = Below(fault.probability);
  kernel.seed_key = plan::MixBits(plan::MixBits(plan.seed()) ^ index);
  return lowered;
}

}  // namespace

absl::StatusOr<std::vector<LoweredFault>> LowerPlan(const ArmedPlan& plan) {
  if (plan.size() > RANKLE_MAX_FAULTS)
    return absl::UnimplementedError(absl::StrCat("the plan has ", plan.size(),
                                                 " faults: through eBPF at most ",
                                                 static_cast<int>(RANKLE_MAX_FAULTS), " can be armed"));
  std::vector<LoweredFault> faults;
  for (size_t i = 0; i < plan.size(); ++i) {
    absl::StatusOr<LoweredFault> fault = Lower(plan, i);
    if (!fault.ok()) return fault.status();
    faults.push_back(*std::move(fault));
  }
  return faults;
}

uint32_t FaultsFor(const ArmedPlan& plan, int32_t rank, int32_t local_rank, const std::string& host) {
  uint32_t faults = 0;
  for (size_t i = 0; i < plan.size() && i < RANKLE_MAX_FAULTS; ++i) {
    const ArmedFault& fault = plan.fault(i);
    if (Contains(fault.rank, rank) && Contains(fault.local_rank, local_rank) &&
        MatchesHost(plan, fault.host, host))
      faults |= uint32_t{1} << i;
  }
  return faults;
}

}  // namespace rankle::ebpf
