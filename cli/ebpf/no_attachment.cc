// rankle without eBPF: says so.
#include "cli/ebpf/attachment.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"

namespace rankle::cli {
namespace {

absl::Status Missing() {
  return absl::UnimplementedError(
      "eBPF: this rankle was built without it: it is built where libbpf and clang are "
      "(scripts/install-deps)");
}

}  // namespace

int Attach(const AttachOptions&) {
  SayError(Missing());
  return kExitUnusable;
}

absl::StatusOr<JobTracer> JobTracer::Start(const WatchedJob&) { return Missing(); }
void JobTracer::Finish() {}

absl::Status CheckPlanForEbpf(const plan::Plan&) { return Missing(); }

std::vector<Check> CheckEbpf() {
  return {{"eBPF", Check::State::kMissing,
           "not built in: `rankle attach` and `run --via ebpf` are refused; it is built where libbpf and "
           "clang are "
           "(scripts/install-deps)"}};
}

}  // namespace rankle::cli
