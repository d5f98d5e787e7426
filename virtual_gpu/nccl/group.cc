#include "virtual_gpu/nccl/group.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/launch_events.h"
#include "virtual_gpu/nccl/sigpipe.h"

namespace rankle::virtual_nccl {
namespace {

struct Group {
  int depth = 0;
  ncclResult_t error = ncclSuccess;
  std::vector<CreationJob> jobs;
  std::vector<Operation> operations;
  ApiEvents events;
};
thread_local Group group;

ncclResult_t RunJob(const CreationJob& job) {
  const SigpipeScope no_sigpipe;  // the event loop thread that gloo may start here inherits it
  const ncclResult_t result = job.create();
  job.finish(result);
  return result;
}

// The jobs of one group need each other (several ranks of one process), so they run side by side.
ncclResult_t RunJobs(std::vector<CreationJob> jobs) {
  if (jobs.size() == 1 && jobs.front().blocking) return RunJob(jobs.front());
  ncclResult_t result = ncclSuccess;
  std::vector<std::thread> threads;
  std::vector<ncclResult_t> results(jobs.size(), ncclSuccess);
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].blocking) {
      threads.emplace_back([&jobs, &results, i] { results[i] = RunJob(jobs[i]); });
    } else {
      std::thread([job = std::move(jobs[i])] { RunJob(job); }).detach();
      result = ncclInProgress;
    }
  }
  for (std::thread& thread : threads) thread.join();
  for (ncclResult_t one : results) {
    if (one != ncclSuccess) result = one;
  }
  return result;
}

// A message to oneself completes only within the group of its other half.
ncclResult_t CheckSelfMessages(const std::vector<Operation>& operations) {
  std::map<const Communicator*, int> unmatched;
  for (const Operation& o : operations) {
    if (!o.IsPointToPoint() || o.root != o.communicator->rank()) continue;
    unmatched[o.communicator.get()] += o.function == Function::kSend ? 1 : -1;
  }
  for (const auto& [communicator, balance] : unmatched) {
    if (balance > 0) return NCCL_FAIL(ncclInvalidUsage, "Trying to send to self without a matching recv");
    if (balance < 0) return NCCL_FAIL(ncclInvalidUsage, "Trying to recv to self without a matching send");
  }
  return ncclSuccess;
}

ncclResult_t Start(Group& closed) {
  if (closed.error != ncclSuccess) {
    for (const CreationJob& job : closed.jobs) job.finish(closed.error);
    return closed.error;
  }
  ncclResult_t result = ncclSuccess;
  if (!closed.jobs.empty()) result = RunJobs(std::move(closed.jobs));
  if (result != ncclSuccess && result != ncclInProgress) return result;
  if (closed.operations.empty()) return result;
  if (const ncclResult_t self = CheckSelfMessages(closed.operations); self != ncclSuccess) return self;
  const ncclResult_t launched = Launch(closed.operations, closed.events.group_event());
  return launched != ncclSuccess ? launched : result;
}

ncclResult_t CloseOutermost() {
  Group closed = std::exchange(group, Group{});
  closed.events.BeginGroupEnd();
  const ncclResult_t result = Start(closed);
  closed.events.EndGroup();
  return result;
}

template <typename Enter>
ncclResult_t InGroup(Enter enter) {
  ++group.depth;
  const ncclResult_t entered = enter();
  if (entered != ncclSuccess && group.error == ncclSuccess) group.error = entered;
  const ncclResult_t ended = GroupEnd();
  return entered != ncclSuccess ? entered : ended;
}

}  // namespace

ncclResult_t GroupStart() {
  ++group.depth;
  return ncclSuccess;
}

ncclResult_t GroupEnd() {
  if (group.depth == 0) return NCCL_FAIL(ncclInvalidUsage, "ncclGroupEnd: not in a group call.");
  if (--group.depth > 0) return ncclSuccess;
  return CloseOutermost();
}

ncclResult_t GroupSimulateEnd(ncclSimInfo_t* info) {
  if (info != nullptr && info->magic != 0x74685283) {
    return NCCL_FAIL(ncclInvalidArgument,
                     "ncclSimInfo_t argument not initialized via NCCL_SIM_INFO_INITIALIZER");
  }
  if (group.depth == 0) return NCCL_FAIL(ncclInvalidUsage, "ncclGroupSimulateEnd: not in a group call.");
  if (--group.depth > 0) return ncclSuccess;
  Group closed = std::exchange(group, Group{});
  closed.events.BeginGroupEnd();
  closed.events.EndGroup();
  for (const CreationJob& job : closed.jobs) job.finish(ncclInvalidUsage);
  // A coarse model in microseconds: a launch, and 20 GB/s.
  float microseconds = 0;
  for (const Operation& o : closed.operations) {
    microseconds += 10.0f + static_cast<float>(o.count * ElementSize(o.datatype)) / 20e3f;
  }
  if (info != nullptr) info->estimatedTime = microseconds;
  return closed.error;
}

ncclResult_t Submit(Operation operation) {
  return InGroup([&] {
    const ncclResult_t checked = CheckOperation(operation);
    if (checked != ncclSuccess) return checked;
    group.events.BeginCall(operation, group.depth);
    group.events.EndCall(operation);
    group.operations.push_back(std::move(operation));
    return ncclSuccess;
  });
}

ncclResult_t Submit(CreationJob job) {
  return InGroup([&] {
    group.jobs.push_back(std::move(job));
    return ncclSuccess;
  });
}

}  // namespace rankle::virtual_nccl
