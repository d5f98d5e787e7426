#include "virtual_gpu/nccl/launch_events.h"

#include "virtual_gpu/nccl/device.h"

namespace rankle::virtual_nccl {
namespace {

constexpr int kApiVersion = 5;
constexpr int kChannels = 2;
constexpr uint64_t kBelowTask = kProfileProxyOp | kProfileProxyStep | kProfileKernelCh;
constexpr uint64_t kBelowGroup = kBelowTask | kProfileColl | kProfileP2p;
constexpr uint64_t kApi = kProfileGroupApi | kProfileCollApi | kProfileP2pApi | kProfileKernelLaunch;

ProfilerEvent Describe(const Operation& o, uint64_t type) {
  ProfilerEvent event;
  event.type = type;
  event.function = FunctionName(o.function);
  event.function_id = static_cast<int>(o.function);
  event.send = o.send;
  event.receive = o.receive;
  event.count = o.count;
  event.root = o.root;
  event.datatype = o.datatype;
  event.op = o.op;
  event.stream = o.stream;
  return event;
}

}  // namespace

// NCCL never sets the rank of API events (it stays 0): plugins take it from their init call.
void ApiEvents::BeginCall(Operation& o, int group_depth) {
  CommProfiler& profiler = o.communicator->profiler();
  if (profiler.version() < kApiVersion || !profiler.Wants(kApi | kBelowGroup)) return;
  const bool captured = IsCapturing(o.stream);
  if (group_event_ == nullptr) {
    ProfilerEvent event;
    event.type = kProfileGroupApi;
    event.graph_captured = captured;
    event.group_depth = group_depth;
    owner_ = o.communicator;
    group_event_ = profiler.Start(event);
    profiler.Record(group_event_, ProfilerState::kGroupStartApiStop);
  }
  const uint64_t type = o.IsPointToPoint() ? kProfileP2pApi : kProfileCollApi;
  if (!profiler.Wants(type | kBelowGroup)) return;
  ProfilerEvent event = Describe(o, type);
  event.parent = group_event_;
  event.graph_captured = captured;
  o.api_event = profiler.Start(event);
}

void ApiEvents::EndCall(const Operation& o) { o.communicator->profiler().Stop(o.api_event); }

void ApiEvents::BeginGroupEnd() {
  if (owner_ != nullptr) owner_->profiler().Record(group_event_, ProfilerState::kGroupEndApiStart);
}

void ApiEvents::EndGroup() {
  if (owner_ != nullptr) owner_->profiler().Stop(group_event_);
  owner_ = nullptr;
  group_event_ = nullptr;
}

LaunchEvents::LaunchEvents(Communicator& communicator, std::vector<Operation>& operations,
                           void* group_api_event)
    : profiler_(communicator.profiler()), communicator_(communicator) {
  if (profiler_.version() == 0) return;
  if (profiler_.Wants(kProfileGroup | kBelowGroup)) {
    ProfilerEvent event;
    event.type = kProfileGroup;
    event.rank = communicator.rank();
    group_event_ = profiler_.Start(event);
  }
  for (Operation& o : operations) StartTask(o);
  if (profiler_.version() >= kApiVersion && profiler_.Wants(kProfileKernelLaunch)) {
    ProfilerEvent event = Describe(operations.front(), kProfileKernelLaunch);
    event.parent = group_api_event;
    launch_event_ = profiler_.Start(event);
  }
}

void LaunchEvents::StartTask(Operation& o) {
  const uint64_t type = o.IsPointToPoint() ? kProfileP2p : kProfileColl;
  if (!profiler_.Wants(type | kBelowTask)) return;
  ProfilerEvent event = Describe(o, type);
  event.rank = communicator_.rank();
  event.parent = profiler_.version() >= kApiVersion ? o.api_event : group_event_;
  event.parent_group = group_event_;
  event.comm_name = communicator_.config.name.empty() ? nullptr : communicator_.config.name.c_str();
  event.comm_hash = communicator_.shape().identity;
  event.sequence = o.number;
  event.traffic_bytes = o.count * ElementSize(o.datatype);
  event.channels = o.IsPointToPoint() ? 1 : kChannels;
  o.task_event = profiler_.Start(event);
  task_events_.push_back(o.task_event);
}

LaunchEvents::~LaunchEvents() {
  profiler_.Stop(launch_event_);
  for (void* event : task_events_) profiler_.Stop(event);
  profiler_.Stop(group_event_);
}

}  // namespace rankle::virtual_nccl
