#include "analyzer/import/kineto/kineto_job.h"

#include <utility>

#include "analyzer/import/rank_traces/assemble_job.h"

namespace rankle::import {
namespace {

constexpr TraceSource kSource = {
    .name = "kineto",
    .certainty = 0.9,  // profiles show completed work, and no identities of processes or hosts
    .operation = "kernel of NCCL",
    .not_seen =
        "profiler traces only: they hold completed kernels of NCCL within the profiled window, neither "
        "what was unfinished nor how the job ended",
    .no_operations = "no kernels of NCCL in the profiler's traces: profile with ProfilerActivity.CUDA",
};

}  // namespace

absl::Status BuildStore(std::vector<RankTrace> traces, store::Store& store) {
  return AssembleJob(std::move(traces), kSource, store);
}

}  // namespace rankle::import
