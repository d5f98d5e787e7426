#include "virtual_gpu/nccl/profiler.h"

#include <unistd.h>

#include <chrono>
#include <mutex>

namespace rankle::virtual_nccl {
namespace {

uint64_t TimerNow() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace

void CommProfiler::Init(const ProfilerCommInfo& info) {
  ProfilerPlugin* const plugin = ProfilerPlugin::Loaded();
  if (plugin == nullptr) return;
  // Plugins set the process's one mask in their init: one communicator at a time.
  static auto* const mutex = new std::mutex;
  const std::lock_guard<std::mutex> lock(*mutex);
  plugin_ = plugin->Init(&context_, info) == ncclSuccess ? plugin : nullptr;
}

void CommProfiler::Finalize() {
  if (plugin_ != nullptr) plugin_->Finalize(context_);
  plugin_ = nullptr;
}

// What a flow's handle points to: the plugin's handle and the totals that v1 to v3 want with each state.
struct OperationObserver::FlowEvent {
  void* handle = nullptr;
  size_t bytes = 0;
  int steps_done = 0;
  bool is_send = false;
};

OperationObserver::OperationObserver(CommProfiler& profiler, int rank, void* parent, int channels)
    : profiler_(profiler), rank_(rank), parent_(parent) {
  wanted_ = profiler_.Wants(kProfileProxyOp | kProfileProxyStep);
  if (profiler_.version() < 3 || !profiler_.Wants(kProfileKernelCh)) return;
  for (int channel = 0; channel < channels; ++channel) {
    ProfilerEvent event;
    event.type = kProfileKernelCh;
    event.parent = parent_;
    event.rank = rank_;
    event.channel = channel;
    event.timer = TimerNow();
    kernel_channels_.push_back(profiler_.Start(event));
  }
}

void OperationObserver::Completed() {
  for (void* handle : kernel_channels_) {
    ProfilerStateArguments arguments;
    arguments.timer = TimerNow();
    if (profiler_.version() >= 4) profiler_.Record(handle, ProfilerState::kKernelChStop, arguments);
    profiler_.Stop(handle);
  }
  kernel_channels_.clear();
}

void* OperationObserver::StartFlow(int channel, int peer, bool is_send, int steps, size_t chunk_bytes) {
  ProfilerEvent event;
  event.type = kProfileProxyOp;
  event.parent = parent_;
  event.rank = rank_;
  event.channel = channel;
  event.peer = peer;
  event.steps = steps;
  event.chunk_bytes = static_cast<int>(chunk_bytes);
  event.is_send = is_send;
  auto* const flow = new FlowEvent{profiler_.Start(event), 0, 0, is_send};
  if (profiler_.version() >= 4) {
    profiler_.Record(flow->handle, ProfilerState::kProxyOpInProgress);
  } else {
    profiler_.Record(flow->handle,
                     is_send ? ProfilerState::kProxyOpSendPosted : ProfilerState::kProxyOpRecvPosted);
  }
  return flow;
}

void OperationObserver::StopFlow(void* opaque) {
  auto* const flow = static_cast<FlowEvent*>(opaque);
  if (profiler_.version() < 4) {
    profiler_.Record(flow->handle,
                     flow->is_send ? ProfilerState::kProxyOpSendDone : ProfilerState::kProxyOpRecvDone,
                     {flow->bytes, flow->steps_done, 0});
  }
  profiler_.Stop(flow->handle);
  delete flow;
}

namespace {

// A step's handle: the plugin's handle, and its flow for the totals.
struct StepEvent {
  void* handle;
  void* flow;
};

}  // namespace

void* OperationObserver::StartStep(void* opaque, bool is_send, int step, size_t) {
  auto* const flow = static_cast<FlowEvent*>(opaque);
  void* handle = nullptr;
  if (profiler_.Wants(kProfileProxyStep)) {
    ProfilerEvent event;
    event.type = kProfileProxyStep;
    event.parent = flow->handle;
    event.rank = rank_;
    event.step = step;
    handle = profiler_.Start(event);
    if (is_send) {
      profiler_.Record(handle, ProfilerState::kStepSendGpuWait);
      if (profiler_.version() >= 4) profiler_.Record(handle, ProfilerState::kStepSendPeerWait);
    } else {
      profiler_.Record(handle, ProfilerState::kStepRecvWait);
    }
  }
  return new StepEvent{handle, flow};
}

void OperationObserver::MoveStep(void* opaque, size_t bytes) {
  profiler_.Record(static_cast<StepEvent*>(opaque)->handle, ProfilerState::kStepSendWait, {bytes, 0, 0});
}

void OperationObserver::StopStep(void* opaque, bool is_send, size_t bytes) {
  auto* const step = static_cast<StepEvent*>(opaque);
  auto* const flow = static_cast<FlowEvent*>(step->flow);
  flow->bytes += bytes;
  ++flow->steps_done;
  if (!is_send && step->handle != nullptr) {
    profiler_.Record(step->handle, ProfilerState::kStepRecvFlushWait, {bytes, 0, 0});
    profiler_.Record(step->handle, ProfilerState::kStepRecvGpuWait, {bytes, 0, 0});
  }
  profiler_.Stop(step->handle);
  if (profiler_.version() < 4) {
    profiler_.Record(
        flow->handle,
        is_send ? ProfilerState::kProxyOpSendTransmitted : ProfilerState::kProxyOpRecvTransmitted,
        {flow->bytes, flow->steps_done, 0});
  }
  delete step;
}

}  // namespace rankle::virtual_nccl
