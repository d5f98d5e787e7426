// The host-side profiler events of one group: API events while the calls are made, group and task events
// around the launch. Parents are started when the plugin wants any of their descendants, as NCCL does.
#pragma once

#include <memory>
#include <vector>

#include "virtual_gpu/nccl/operation.h"

namespace rankle::virtual_nccl {

// GroupApi, CollApi and P2pApi (plugins from v5 on). One object for each outermost group of a thread.
class ApiEvents {
 public:
  // Around the append of one checked call; starts the group's event at the first.
  void BeginCall(Operation& operation, int group_depth);
  void EndCall(const Operation& operation);
  // The outermost group ends: before and after the launch.
  void BeginGroupEnd();
  void EndGroup();
  void* group_event() const { return group_event_; }

 private:
  std::shared_ptr<Communicator> owner_;  // whose context the group's event was started in
  void* group_event_ = nullptr;
};

// Group, Coll, P2p and KernelLaunch around the launch of one piece of work. The Coll and P2p events stop when
// the work is enqueued; their proxy and kernel children come later, from the stream.
class LaunchEvents {
 public:
  LaunchEvents(Communicator& communicator, std::vector<Operation>& operations, void* group_api_event);
  ~LaunchEvents();
  LaunchEvents(const LaunchEvents&) = delete;
  LaunchEvents& operator=(const LaunchEvents&) = delete;

 private:
  void StartTask(Operation& operation);

  CommProfiler& profiler_;
  const Communicator& communicator_;
  void* group_event_ = nullptr;
  void* launch_event_ = nullptr;
  std::vector<void*> task_events_;
};

}  // namespace rankle::virtual_nccl
